import { decodeBase64, sha256 } from './bytes.js';
import type { Members } from './canonical.js';
import { isCount } from './export-header.js';
import { Fault } from './fault.js';

/** The documents of a bundle: each has the digest it says, and where an event names that digest, it is looked up. */
export class Documents {
  /** Digests that events have still to name, by their index. */
  private readonly due = new Map<number, string[]>();
  count = 0;
  /** How many of them an event names; nothing vouches for the others. */
  recordedCount = 0;

  /** @throws Fault `document_differs` */
  add({ name, mediaType, sha256: digest, body, recordedIn }: Members): void {
    const bytes = decodeBase64(body);
    if (typeof name !== 'string' || typeof mediaType !== 'string' || typeof digest !== 'string' || !bytes) {
      throw new Fault('line_malformed', 'a document needs "name", "mediaType", "sha256" and "body"');
    }
    if (sha256(bytes).toString('hex') !== digest) {
      throw new Fault('document_differs', `the document ${name} does not have the digest that is told`);
    }
    this.count += 1;
    if (recordedIn === undefined) return;
    if (!isCount(recordedIn)) throw new Fault('line_malformed', '"recordedIn" is not an index');
    this.due.set(recordedIn, [...(this.due.get(recordedIn) ?? []), digest]);
  }

  /** Looks for the digests that the event of this index is said to name. @throws Fault `document_not_recorded` */
  meet(index: number, leaf: Buffer): void {
    const digests = this.due.get(index);
    if (!digests) return;
    const missing = digests.find((digest) => !leaf.includes(`"${digest}"`));
    if (missing !== undefined) {
      throw new Fault('document_not_recorded', `the event does not name the document with digest ${missing}`);
    }
    this.recordedCount += digests.length;
    this.due.delete(index);
  }

  /** @throws Fault `document_not_recorded` when an event that should name a document was not there. */
  close(): void {
    const [index] = this.due.keys();
    if (index !== undefined) {
      throw new Fault('document_not_recorded', 'the event that should name a document is not here', {
        index,
      });
    }
  }
}
