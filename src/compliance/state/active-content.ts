/** Where a text stands: in one line of a header, or in a body of plain text. */
export type TextPlace = 'line' | 'body';

/**
 * Whether a text could do something where it is shown, hide what it says, or break out of its place. The same holds
 * for every channel: messages leave as plain text, and whoever takes them may show them as anything.
 */
export function isUnsafe(text: string, place: TextPlace): boolean {
  if (CONTROLS.test(text) || BIDI.test(text)) return true;
  if (place === 'line' && LINE_BREAK.test(text)) return true;
  // Markup needs one of these: the usual text is done with here.
  return (text.includes('<') || text.includes(':')) && ACTIVE.some((pattern) => pattern.test(text));
}

/** C0 and C1 controls but tab, line feed and carriage return; the interlinear and deprecated format controls. */
// oxlint-disable-next-line no-control-regex
const CONTROLS =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u206a-\u206f\ufff9-\ufffb]/;

/** Embeddings, overrides and isolates: text that reads otherwise than it is stored. */
const BIDI = /[\u202a-\u202e\u2066-\u2069]/;

/** All that some reader takes for the end of a header line. */
// oxlint-disable-next-line no-control-regex
const LINE_BREAK = /[\r\n\u0085\u2028\u2029]/;

const ACTIVE = [
  // Elements that load, run or restyle; a closing tag or the start of a broken one counts.
  /<\s*\/?\s*(?:script|iframe|frame|frameset|object|embed|applet|svg|math|link|meta|base|style|form|input|button|textarea|select|video|audio|img|template|noscript|xml|html|body|head)\b/i,
  // A handler on whatever element.
  /<[a-z][^<>]*\son[a-z]+\s*=/i,
  /<!(?:--|doctype|\[cdata\[)/i,
  // Addresses that run; a word with a colon after it is no address.
  /\b(?:javascript|vbscript)\s*:(?=\S)/i,
  /data\s*:\s*(?:text\/(?:html|javascript|xml)|application\/(?:javascript|xhtml\+xml)|image\/svg)/i,
] as const;
