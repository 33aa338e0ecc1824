import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';
import type { AppConfig } from '../../../config/app-config.js';

type ObjectStoreSettings = NonNullable<AppConfig['audit']['objectStore']>;

/** The store did not do what it was asked. */
export class ObjectStoreFailure extends Error {
  override readonly name = 'ObjectStoreFailure';
}

const TIMEOUT_MS = 10_000;
const DAY_MS = 86_400_000;

/** Objects that are put once and never replaced, in a bucket with a retention lock. Follows no redirection. */
export class ObjectStore {
  private readonly client: AwsClient;
  private readonly url: URL;

  constructor(private readonly settings: ObjectStoreSettings) {
    const { accessKeyId, secretAccessKey, region } = settings;
    this.client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
    this.url = new URL(`${settings.url.replace(/\/$/, '')}/`);
  }

  /** Puts an object unless there is one of its name. @returns whether it is new. @throws ObjectStoreFailure */
  async putNew(name: string, text: string, now: Date): Promise<boolean> {
    const { lockDays } = this.settings;
    const response = await this.ask('PUT', this.urlOf(name), text, {
      'content-type': 'text/plain; charset=utf-8',
      'if-none-match': '*',
      // A store takes a lock only with a checksum.
      'x-amz-checksum-sha256': createHash('sha256').update(text).digest('base64'),
      ...(lockDays > 0 && {
        'x-amz-object-lock-mode': 'COMPLIANCE',
        'x-amz-object-lock-retain-until-date': new Date(now.getTime() + lockDays * DAY_MS).toISOString(),
      }),
    });
    // 409: another process is putting it at this moment.
    if (response.status === 412 || response.status === 409) return false;
    await requireOk(response);
    return true;
  }

  /** @throws ObjectStoreFailure when there is none. */
  async get(name: string): Promise<string> {
    const response = await this.ask('GET', this.urlOf(name));
    await requireOk(response);
    return response.text();
  }

  /** Whether there are objects under a prefix whose names sort behind one. @throws ObjectStoreFailure */
  async hasBehind(prefix: string, name: string): Promise<boolean> {
    const folder = this.url.pathname.slice(1);
    const list = new URL('/', this.url);
    list.searchParams.set('list-type', '2');
    list.searchParams.set('max-keys', '1');
    list.searchParams.set('prefix', decodeURIComponent(folder) + prefix);
    list.searchParams.set('start-after', decodeURIComponent(folder) + name);
    const response = await this.ask('GET', list);
    await requireOk(response);
    return (await response.text()).includes('<Contents>');
  }

  private urlOf(name: string): URL {
    // Not to be taken for a scheme, whatever stands before a colon.
    return new URL(`./${name}`, this.url);
  }

  private async ask(
    method: string,
    url: URL,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      return await this.client.fetch(url, { method, body, headers, redirect: 'error', signal });
    } catch (error) {
      throw new ObjectStoreFailure('it cannot be reached', { cause: error });
    }
  }
}

async function requireOk(response: Response): Promise<void> {
  if (response.ok) return;
  // `<Code>` says what was wrong; the rest may hold the request.
  const [, code = ''] = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(await response.text()) ?? [];
  throw new ObjectStoreFailure(`it answered ${response.status} ${code}`.trim());
}
