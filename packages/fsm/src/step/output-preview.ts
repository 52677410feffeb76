const previewLength = 2000;

/** The last 2000 characters of an output, then trimmed; `null` only for an output without any character. */
export function outputPreview(output: string): string | null {
  if (output === "") return null;
  const tail = output.slice(-previewLength);
  const first = tail.charCodeAt(0);
  // A cut through a surrogate pair would leave half a character, which JSON readers choke on.
  const cutsPair = output.length > previewLength && first >= 0xdc00 && first <= 0xdfff;
  return (cutsPair ? tail.slice(1) : tail).trim();
}
