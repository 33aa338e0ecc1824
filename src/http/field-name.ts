import { redactText } from '../compliance/privacy/redaction.js';

const IDENTIFIER = /^[A-Za-z_$][\w$.-]{0,63}$/;

/**
 * The name of a field as an error may repeat it. Names come from the caller: one that is no identifier, or holds
 * personal data, may be somebody's address or name in the wrong place.
 */
export function sayableFieldName(name: string): string {
  const isIndex = /^\d{1,6}$/.test(name);
  return isIndex || (IDENTIFIER.test(name) && redactText(name) === name) ? name : '[field]';
}
