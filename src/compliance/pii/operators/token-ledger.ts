import { tokenIndex, writeToken } from './token-text.js';

/** A token and what it stands for. */
export interface VaultEntry {
  readonly token: string;
  readonly entity: string;
  /** Whose value it is: the vault seals it with this subject's key. */
  readonly subjectRef: string;
  readonly value: string;
  /** Whether it stands in a text meant for everybody, so that it may be restored for every recipient. */
  readonly shared: boolean;
}

/**
 * The tokens given out in one run. A value of a subject has one token; the tokens of one subject carry the same
 * number where it is free, so that a model sees what belongs together.
 */
export class TokenLedger {
  private readonly entries = new Map<string, VaultEntry>();
  private readonly byOwner = new Map<string, string>();
  private readonly byValue = new Map<string, string>();
  private readonly sharedByValue = new Map<string, string>();
  private readonly numberOf = new Map<string, number>();
  private readonly lowestFree = new Map<string, number>();
  private readonly changed = new Set<string>();
  private readonly countOf = new Map<string, number>();
  private highestNumber = 0;

  constructor(entries: readonly VaultEntry[]) {
    for (const entry of entries) {
      this.remember(entry);
      const index = tokenIndex(entry.token);
      this.highestNumber = Math.max(this.highestNumber, index);
      if (!this.numberOf.has(entry.subjectRef)) this.numberOf.set(entry.subjectRef, index);
    }
  }

  /** How many tokens of each kind of data were given out. */
  entityCounts(): Iterable<readonly [entity: string, count: number]> {
    return this.countOf;
  }

  /** The entry of a subject's value. */
  ofSubject(subjectRef: string, entity: string, value: string): VaultEntry | undefined {
    return this.entry(this.byOwner.get(key(subjectRef, entity, value)));
  }

  /** The entry with this value that everybody may see. */
  sharedOf(entity: string, value: string): VaultEntry | undefined {
    return this.entry(this.sharedByValue.get(key(entity, value)));
  }

  /** The first entry with this value, whosever it is. */
  anyOf(entity: string, value: string): VaultEntry | undefined {
    return this.entry(this.byValue.get(key(entity, value)));
  }

  /** Reserves a number for a subject before its tokens are given out. */
  number(subjectRef: string): number {
    const known = this.numberOf.get(subjectRef);
    if (known !== undefined) return known;
    const next = ++this.highestNumber;
    this.numberOf.set(subjectRef, next);
    return next;
  }

  /** Gives out the token of a value the subject does not have one for yet. */
  issue(subjectRef: string, entity: string, value: string, shared: boolean): VaultEntry {
    const preferred = this.numberOf.get(subjectRef);
    const entry = { token: this.freeToken(entity, preferred), entity, subjectRef, value, shared };
    this.remember(entry);
    this.changed.add(entry.token);
    return entry;
  }

  /** Marks an entry as one that everybody may see. */
  share(entry: VaultEntry): VaultEntry {
    if (entry.shared) return entry;
    const shared = { ...entry, shared: true };
    this.remember(shared);
    this.changed.add(shared.token);
    return shared;
  }

  /** Entries given out or shared since the last call. */
  takeChanged(): VaultEntry[] {
    const taken = [...this.changed].flatMap((token) => this.entries.get(token) ?? []);
    this.changed.clear();
    return taken;
  }

  private freeToken(entity: string, preferred: number | undefined): string {
    if (preferred !== undefined) {
      const token = writeToken(entity, preferred);
      if (!this.entries.has(token)) return token;
    }
    let index = this.lowestFree.get(entity) ?? 1;
    while (this.entries.has(writeToken(entity, index))) index++;
    this.lowestFree.set(entity, index + 1);
    return writeToken(entity, index);
  }

  private remember(entry: VaultEntry): void {
    const { token, entity, subjectRef, value, shared } = entry;
    if (!this.entries.has(token)) this.countOf.set(entity, (this.countOf.get(entity) ?? 0) + 1);
    this.entries.set(token, entry);
    this.byOwner.set(key(subjectRef, entity, value), token);
    if (!this.byValue.has(key(entity, value))) this.byValue.set(key(entity, value), token);
    if (shared && !this.sharedByValue.has(key(entity, value)))
      this.sharedByValue.set(key(entity, value), token);
  }

  private entry(token: string | undefined): VaultEntry | undefined {
    return token === undefined ? undefined : this.entries.get(token);
  }
}

function key(...parts: string[]): string {
  return parts.join('\u0000');
}
