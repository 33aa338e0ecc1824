import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import PostalMime, { type Email as Mail } from 'postal-mime';
import type { HttpClient, TestAnswer } from './http-client.js';
import type { Product } from './product.js';

/** One entry of a run's history, as far as tests look at it. */
export interface Step {
  readonly seq: number;
  readonly kind: string;
  readonly phase: string;
  readonly agent?: string;
  readonly status: string;
  readonly from?: string;
  readonly to?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** One message of an artefact. */
export interface Draft {
  readonly index: number;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}

export interface Artifact {
  readonly id: string;
  readonly version: number;
  readonly contentHash: string;
  readonly content: { readonly emails: readonly Draft[] };
}

/** What a run shows of itself, and what people do to it, by the API alone. */
export class RunReader {
  constructor(private readonly client: HttpClient) {}

  async run(id: string): Promise<TestAnswer['body']> {
    return (await this.client.get(`/v1/workflows/${id}`)).body;
  }

  async history(id: string): Promise<readonly Step[]> {
    return (await this.client.get(`/v1/workflows/${id}/history?limit=200`)).body.items as Step[];
  }

  async artifacts(id: string): Promise<readonly Artifact[]> {
    return (await this.client.get(`/v1/workflows/${id}/artifacts`)).body.items as Artifact[];
  }

  /** The newest approval. */
  async approval(id: string): Promise<TestAnswer['body']> {
    return (await this.client.get(`/v1/workflows/${id}/approvals`)).body.items.at(-1);
  }

  decide(id: string, body: object, key?: string): Promise<TestAnswer> {
    return this.client.post(`/v1/workflows/${id}/approvals`, body, { key });
  }

  async untilWaiting(id: string): Promise<TestAnswer['body']> {
    return (await this.client.until(`/v1/workflows/${id}`, isWaiting)).body;
  }
}

function isWaiting({ body }: TestAnswer): boolean {
  return body.status === 'WAITING_FOR_APPROVAL';
}

/** The messages of a run that the outbox holds, in the order of its recipients. */
export async function deliveredMails(product: Pick<Product, 'dataDir'>, id: string): Promise<Mail[]> {
  const folder = join(product.dataDir, 'outbox', id);
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.eml'));
  const inOrder = files.toSorted((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10));
  return Promise.all(inOrder.map(async (file) => PostalMime.parse(await readFile(join(folder, file)))));
}
