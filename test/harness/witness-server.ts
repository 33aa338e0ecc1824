import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { decodeProof } from '../../src/verifier/bytes.js';
import { type Checkpoint, parseCheckpoint } from '../../src/verifier/checkpoint.js';
import { isConsistent } from '../../src/verifier/merkle.js';
import { isGenuine, parseKey, signaturesBy } from '../../src/verifier/signed-note.js';
import { SigningKey } from './signing-key.js';

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** A witness as C2SP tlog-witness describes it: cosigns what is signed by a key it knows and continues what it has seen. */
export class WitnessServer {
  readonly key: SigningKey;
  /** Keys of the logs it knows. */
  readonly logKeys: string[] = [];
  /** The last checkpoint it has cosigned, by origin. */
  readonly seen = new Map<string, Checkpoint>();
  /** What it answers instead, while it is set. */
  instead: Reply | undefined;
  /** The old sizes it was told, in order. */
  readonly oldSizes: number[] = [];
  private readonly server: Server = createServer((request, response) => void this.serve(request, response));

  constructor(name: string) {
    this.key = new SigningKey(name, 4);
  }

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    return this;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  /** As the configuration names it. */
  get setting(): string {
    return `${this.key.vkey} http://127.0.0.1:${(this.server.address() as AddressInfo).port}/w`;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { status, body: answer } = this.instead ?? this.addCheckpoint(request, body);
    response.writeHead(status, { 'content-type': status === 409 ? 'text/x.tlog.size' : 'text/plain' });
    response.end(answer);
  }

  private addCheckpoint(request: IncomingMessage, body: string): Reply {
    if (request.method !== 'POST' || request.url !== '/w/add-checkpoint') return { status: 404, body: '' };
    const split = body.indexOf('\n\n');
    const [first = '', ...hashes] = body.slice(0, split).split('\n');
    const [, oldText] = /^old (0|[1-9]\d*)$/.exec(first) ?? [];
    const proof = decodeProof(hashes);
    if (oldText === undefined || !proof || proof.length > 63) return { status: 400, body: '' };
    const oldSize = Number(oldText);
    this.oldSizes.push(oldSize);
    const checkpoint = parseCheckpoint(Buffer.from(body.slice(split + 2)));
    if (!this.isSigned(checkpoint)) return { status: 403, body: '' };
    if (BigInt(oldSize) > checkpoint.size) return { status: 400, body: '' };
    const last = this.seen.get(checkpoint.origin);
    if (BigInt(oldSize) !== (last?.size ?? 0n)) return conflict(last);
    if (last?.size === checkpoint.size && !last.rootHash.equals(checkpoint.rootHash)) return conflict(last);
    if (!continues(checkpoint, last, proof)) return { status: 422, body: '' };
    this.seen.set(checkpoint.origin, checkpoint);
    return { status: 200, body: this.key.sign(checkpoint.note.text) };
  }

  private isSigned({ origin, note }: Checkpoint): boolean {
    return this.logKeys
      .map(parseKey)
      .some(
        (key) => key?.name === origin && signaturesBy(note, key).some((each) => isGenuine(note, key, each)),
      );
  }
}

function conflict(last: Checkpoint | undefined): Reply {
  return { status: 409, body: `${last?.size ?? 0}\n` };
}

function continues(
  { size, rootHash }: Checkpoint,
  last: Checkpoint | undefined,
  proof: readonly Buffer[],
): boolean {
  if (!last) return proof.length === 0;
  return isConsistent(last.size, size, last.rootHash, rootHash, proof);
}
