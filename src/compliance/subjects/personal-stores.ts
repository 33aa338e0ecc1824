import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';

/** A person whose data is looked for. */
export interface DataSubject {
  readonly tenantId: string;
  readonly subjectRef: string;
  /** Whether a text holds an address of theirs. */
  readonly isNamedIn: (text: string) => boolean;
}

/** One line of what is held on a person; `kind` says what it is. */
export type HeldRecord = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** A page of what a store holds; the next one begins where this one says. */
export interface HeldPage {
  readonly records: readonly HeldRecord[];
  /** Absent on the last page. */
  readonly next?: string;
}

/** What one step of an erasure has removed: counts by name, and where the next step begins; absent after the last. */
export interface ErasedPart {
  readonly counts: Readonly<Record<string, number>>;
  readonly next?: string;
}

/** A place where something about people is kept. */
export interface PersonalStore {
  readonly name: string;
  /** The tables it looks after; every table with anything personal belongs to one store. */
  readonly tables: readonly string[];
  /** What it holds on a person, in pages; in a transaction of `withTenant` for each. */
  held(trx: Trx, subject: DataSubject, after: string | undefined): Promise<HeldPage>;
  /**
   * Removes what it holds, a part at a time, in a transaction of `withRetention` for each. The person's key is destroyed
   * by then. A process that dies begins again from the start; what is gone already is not counted twice.
   */
  erase(trx: Trx, subject: DataSubject, after: string | undefined): Promise<ErasedPart>;
}

/** Every place where something about people is kept. Rooms register their own in `onModuleInit`. */
@Injectable()
export class PersonalStores {
  private readonly byName = new Map<string, PersonalStore>();

  register(store: PersonalStore): void {
    if (this.byName.has(store.name)) throw new TypeError(`a store ${store.name} exists already`);
    this.byName.set(store.name, store);
  }

  all(): readonly PersonalStore[] {
    return [...this.byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }
}
