export { camelKeys, camelSection } from "./names/camel-keys.js";
export { closestName } from "./names/closest-name.js";
export { checkKnownOptions, unknownOption } from "./names/known-options.js";
