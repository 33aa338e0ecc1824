import { formatSignature, parseNote, signersOf, type SignedNote } from '../merkle/signed-note.js';
import type { VerifierKey } from '../merkle/verifier-key.js';

/** What a witness is asked to cosign: a signed checkpoint, and the proof that it continues the one seen before. */
export interface WitnessRequest {
  /** Size of the checkpoint that the witness is believed to have seen last; 0 = none. */
  readonly oldSize: number;
  /** RFC 6962 consistency proof; empty from size 0. */
  readonly proof: readonly Buffer[];
  /** The signed note. */
  readonly note: string;
}

/** What a witness says: its line of signature, or that it has seen another size last. */
export type WitnessAnswer = { readonly line: string } | { readonly seen: number };

/** The witness did not cosign, and that is its fault or the network's: nothing was learnt about the log. */
export class WitnessFailure extends Error {
  override readonly name = 'WitnessFailure';
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 65_536;

/** One witness over HTTP (C2SP tlog-witness). Goes to the address it was given and follows no redirection. */
export class WitnessClient {
  /** @param prefix the submission prefix, without a slash at its end. */
  constructor(
    readonly key: VerifierKey,
    private readonly prefix: string,
  ) {}

  /** @throws WitnessFailure when it neither cosigns nor names the size it has seen. */
  async addCheckpoint({ oldSize, proof, note }: WitnessRequest): Promise<WitnessAnswer> {
    const lines = [`old ${oldSize}`, ...proof.map((hash) => hash.toString('base64')), '', note];
    const { status, text } = await this.post(lines.join('\n'));
    if (status === 409 && /^(0|[1-9]\d{0,15})\n$/.test(text)) return { seen: Number(text) };
    if (status !== 200) throw new WitnessFailure(`it answered ${status}`);
    const line = this.cosignature(note, text);
    if (line === undefined) throw new WitnessFailure('its signature is not that of its key');
    return { line };
  }

  /** The genuine line among those of the answer; lines of other keys are left where they are. */
  private cosignature(note: string, answer: string): string | undefined {
    const signed = parseNote(note);
    const lines = parseNote(`${signed?.text ?? ''}\n${answer}`);
    if (!signed || !lines) return undefined;
    for (const signature of lines.signatures) {
      const alone: SignedNote = { text: signed.text, signatures: [signature] };
      if (signersOf(alone, [this.key]).length > 0) return formatSignature(this.key, signature.signature);
    }
    return undefined;
  }

  private async post(body: string): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(`${this.prefix}/add-checkpoint`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return { status: response.status, text: await limitedText(response) };
    } catch (error) {
      if (error instanceof WitnessFailure) throw error;
      throw new WitnessFailure('it cannot be reached', { cause: error });
    }
  }
}

async function limitedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > MAX_ANSWER_BYTES) throw new WitnessFailure('its answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
