import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { AppError } from '../../kernel/app-error.js';
import { deriveKey } from '../../kernel/sealing.js';
import type { EditedText } from './operators/edits.js';
import { hashOperator } from './operators/hash.operator.js';
import { maskOperator } from './operators/mask.operator.js';
import { replaceOperator } from './operators/replace.operator.js';
import { detect } from './recognizers/detector.js';
import type { Finding } from './recognizers/finding.js';

export const REDACTION_OPERATORS = ['replace', 'mask', 'hash'] as const;
export type RedactionOperator = (typeof REDACTION_OPERATORS)[number];

export const MAX_TEXTS = 1_000;
const MAX_TEXT_CHARACTERS = 1_048_576;
const MAX_TOTAL_CHARACTERS = 10 * MAX_TEXT_CHARACTERS;

/** How much text is read before others get their turn of the event loop. */
const CHARACTERS_PER_TURN = 65_536;

/** Detects and replaces personal values in texts that are stored nowhere. */
@Injectable()
export class PiiService {
  constructor(@InjectConfig('vault') private readonly config: AppConfig['vault']) {}

  /**
   * The findings of each text.
   *
   * @throws AppError TEXT_TOO_LARGE when a text, or all together, are longer than one request may ask for.
   */
  detect(texts: readonly string[]): Promise<Finding[][]> {
    return inTurns(texts, (text) => detect(text));
  }

  /**
   * Each text with its findings replaced, and where the replacements stand. Digests are keyed by tenant.
   *
   * @throws AppError TEXT_TOO_LARGE as {@link detect}.
   */
  redact(tenantId: string, texts: readonly string[], operator: RedactionOperator): Promise<EditedText[]> {
    const operate = this.operatorFor(tenantId, operator);
    return inTurns(texts, (text) => operate(text, detect(text)));
  }

  private operatorFor(
    tenantId: string,
    operator: RedactionOperator,
  ): (text: string, findings: readonly Finding[]) => EditedText {
    switch (operator) {
      case 'replace':
        return replaceOperator;
      case 'mask':
        return maskOperator;
      case 'hash': {
        const key = deriveKey(this.config.kek, 'pii-hash', tenantId);
        return (text, findings) => hashOperator(text, findings, key);
      }
      default:
        return operator satisfies never;
    }
  }
}

/** Works through the texts without keeping the event loop for longer than one of them takes. */
async function inTurns<T>(texts: readonly string[], work: (text: string) => T): Promise<T[]> {
  refuseTooLarge(texts);
  const results: T[] = [];
  let sinceTurn = 0;
  for (const text of texts) {
    if (sinceTurn >= CHARACTERS_PER_TURN) {
      await nextTurn();
      sinceTurn = 0;
    }
    results.push(work(text));
    sinceTurn += text.length;
  }
  return results;
}

function refuseTooLarge(texts: readonly string[]): void {
  const index = texts.findIndex((text) => text.length > MAX_TEXT_CHARACTERS);
  if (index >= 0) {
    throw new AppError('TEXT_TOO_LARGE', {
      detail: `texts.${index} is longer than ${MAX_TEXT_CHARACTERS} characters.`,
    });
  }
  if (texts.reduce((total, text) => total + text.length, 0) > MAX_TOTAL_CHARACTERS) {
    throw new AppError('TEXT_TOO_LARGE', {
      detail: `The texts are together longer than ${MAX_TOTAL_CHARACTERS} characters.`,
    });
  }
}
