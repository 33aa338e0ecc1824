import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { deriveKey, open, seal } from '../../kernel/sealing.js';
import type { Endpoint, Secret } from './endpoint.js';

const SECRET_BYTES = 32;

/** Addresses and secrets of endpoints are stored sealed, each bound to its row. */
@Injectable()
export class EndpointSeal {
  constructor(@InjectConfig('vault') private readonly vault: AppConfig['vault']) {}

  sealUrl(tenantId: string, endpointId: string, url: string): Buffer {
    return seal(this.keyOf('url', tenantId), url, endpointId);
  }

  /** @throws Error when the address was sealed under another key. */
  openUrl({ tenantId, id, urlSealed }: Pick<Endpoint, 'tenantId' | 'id' | 'urlSealed'>): string {
    return open(this.keyOf('url', tenantId), urlSealed, id).toString('utf8');
  }

  sealSecret(tenantId: string, secretId: string, secret: string): Buffer {
    return seal(this.keyOf('secret', tenantId), secret, secretId);
  }

  /** @throws Error when the secret was sealed under another key. */
  openSecret(tenantId: string, { id, sealed }: Pick<Secret, 'id' | 'sealed'>): string {
    return open(this.keyOf('secret', tenantId), sealed, id).toString('utf8');
  }

  private keyOf(what: 'url' | 'secret', tenantId: string): Buffer {
    return deriveKey(this.vault.kek, 'webhook', what, tenantId);
  }
}

/** A new signing secret, in the form of Standard Webhooks. */
export function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}
