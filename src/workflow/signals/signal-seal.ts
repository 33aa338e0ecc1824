import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { AppError } from '../../kernel/app-error.js';
import { deriveKey, open, pseudonym, seal } from '../../kernel/sealing.js';

/** What is sent along with a signal: any JSON object. */
export type SignalPayload = Record<string, unknown>;

/** A payload may be personal, and so may a sender's own id: neither is stored as it is. */
@Injectable()
export class SignalSeal {
  constructor(@InjectConfig('vault') private readonly config: AppConfig['vault']) {}

  seal(tenantId: string, signalId: string, payload: SignalPayload): Buffer {
    return seal(this.keyOf('signal', tenantId), JSON.stringify(payload), signalId);
  }

  /** @throws AppError VAULT_UNAVAILABLE when it was changed, or belongs to another instance's key. */
  open(tenantId: string, signalId: string, sealed: Buffer): SignalPayload {
    try {
      const text = open(this.keyOf('signal', tenantId), sealed, signalId).toString('utf8');
      return JSON.parse(text) as SignalPayload;
    } catch (cause) {
      throw new AppError('VAULT_UNAVAILABLE', { cause });
    }
  }

  /** By what a sender's own id is known again. */
  senderKey(tenantId: string, runId: string, id: string): Buffer {
    return Buffer.from(pseudonym(this.keyOf('signal-id', tenantId), `${runId}\n${id}`), 'hex');
  }

  private keyOf(purpose: string, tenantId: string): Buffer {
    return deriveKey(this.config.kek, purpose, tenantId);
  }
}
