const key = "loops.token";

/**
 * The token that the address brought, which then goes from there: nobody shall copy it along, and it is in no history. Kept
 * for this tab alone, so that it can be reloaded.
 */
export function takeToken(): string | undefined {
  const given = givenToken();
  if (given !== null) {
    sessionStorage.setItem(key, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(key) ?? undefined;
}

/** The address that a server printed anew, opened where this page is already: for what is behind `#` no browser loads it again. */
export function startAnewWithToken(): void {
  addEventListener("hashchange", () => {
    if (givenToken() !== null) location.reload();
  });
}

function givenToken(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get("token");
}
