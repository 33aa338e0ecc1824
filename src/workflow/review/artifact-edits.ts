import { tokensIn } from '../../compliance/pii/operators/tokenizer.js';
import { isUnsafe } from '../../compliance/state/active-content.js';
import { AppError, type FieldError } from '../../kernel/app-error.js';
import { newId } from '../../kernel/ids.js';
import { isWellAddressed } from '../engine/addressed-tokens.js';
import type { LoadedRun } from '../engine/loaded-run.js';
import { contentOf } from '../runs/content.js';
import type { Content, NewArtifact } from '../runs/run-change.js';

/** A reviewer's change to one message. */
export interface EmailEdit {
  /** Index of the message, from 0. */
  readonly index: number;
  readonly subject?: string;
  readonly body?: string;
}

interface Email {
  readonly index: number;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}

/**
 * The artefact with a reviewer's edits, as a new version. Tokens a reviewer was shown may stay or move inside their
 * message; personal data typed in becomes tokens.
 *
 * @throws AppError VALIDATION_FAILED for a message that is not there, or tokens that do not belong in it.
 */
export function applyEdits(
  loaded: LoadedRun,
  edits: readonly EmailEdit[],
): { content: Content; artifact: NewArtifact } {
  const { artifact, definition } = loaded;
  const wanted = definition.phases.GENERATION.artifact;
  const shown = artifact?.content as { emails?: readonly Email[] } | undefined;
  if (!artifact || !wanted || !Array.isArray(shown?.emails)) {
    throw new AppError('VALIDATION_FAILED', {
      errors: [{ path: 'edits', message: 'this artefact cannot be edited' }],
    });
  }
  const emails = [...shown.emails] as Email[];
  const errors: FieldError[] = [];
  for (const [position, edit] of edits.entries()) {
    const place = placeOf(emails, edit.index);
    const email = emails[place];
    if (!email) {
      errors.push({ path: `edits.emails.${position}.index`, message: 'there is no such message' });
      continue;
    }
    const subjectRefs = loaded.subjectRefsOf({ email: email.to });
    const tokenize = (text: string) => loaded.tokenizer.tokenizeText(text, { subjectRefs });
    const edited = {
      ...email,
      subject: edit.subject === undefined ? email.subject : tokenize(edit.subject),
      body: edit.body === undefined ? email.body : tokenize(edit.body),
    };
    if (isUnsafe(edited.subject, 'line') || isUnsafe(edited.body, 'body')) {
      errors.push({
        path: `edits.emails.${position}`,
        message: 'holds markup, control or hidden characters',
      });
      continue;
    }
    emails[place] = edited;
    loaded.learnNewEntries();
    if (!isWellAddressed(loaded, edited)) {
      errors.push({
        path: `edits.emails.${position}`,
        message: `holds a token that does not belong in this message (${unknownTokens(loaded, edited)})`,
      });
    }
  }
  if (errors.length > 0) throw new AppError('VALIDATION_FAILED', { errors });
  const content = contentOf({ ...shown, emails });
  return {
    content,
    artifact: {
      id: newId(),
      kind: wanted.kind,
      name: wanted.name,
      version: (loaded.artifactVersions += 1),
      round: loaded.run.round,
      contentHash: content.hash,
    },
  };
}

/** Where recipients were left out, a message does not stand at its index. */
function placeOf(emails: readonly Partial<Email>[], index: number): number {
  const place = emails.findIndex((email) => email.index === index);
  return place === -1 && emails[index]?.index === undefined ? index : place;
}

function unknownTokens(loaded: LoadedRun, email: Email): string {
  const tokens = tokensIn(`${email.subject}\n${email.body}`);
  return tokens
    .filter((token) => !isWellAddressed(loaded, { ...email, subject: token, body: '' }))
    .join(', ');
}
