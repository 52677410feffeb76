import mittModule from "mitt";

/** mitt declares a CommonJS module with the function as its `default`; what Node imports is the function itself. */
export const mitt = mittModule as unknown as typeof mittModule.default;
