import { Injectable } from '@nestjs/common';
import { TokenVault } from '../pii/token-vault.service.js';
import type { DataSubject } from './personal-stores.js';

/** What could be an address; what it is told by is its pseudonym. */
const ADDRESS = /[^\s"'<>()[\]{},;:|\\]+@[^\s"'<>()[\]{},;:|\\]+/g;

/** Finds a person in texts without knowing their address: by the pseudonym of every address that stands there. */
@Injectable()
export class DataSubjects {
  constructor(private readonly vault: TokenVault) {}

  of(tenantId: string, subjectRef: string): DataSubject {
    const refs = new Map<string, boolean>();
    const isTheirs = (address: string): boolean => {
      const known = refs.get(address);
      if (known !== undefined) return known;
      // A long list of others must not be remembered for ever.
      if (refs.size >= 10_000) refs.clear();
      const found = this.vault.subjectRefOf(tenantId, address) === subjectRef;
      refs.set(address, found);
      return found;
    };
    return {
      tenantId,
      subjectRef,
      isNamedIn: (text) =>
        text.includes('@') &&
        (text.match(ADDRESS) ?? []).some(
          (found) => isTheirs(found) || isTheirs(found.replace(/[.!?]+$/, '')),
        ),
    };
  }
}
