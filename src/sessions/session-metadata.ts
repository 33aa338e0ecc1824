import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { deriveKey, open, seal } from '../kernel/sealing.js';
import type { Session } from './session.js';

/** What a client keeps with its session: any JSON object. */
export type SessionMetadata = Readonly<Record<string, unknown>>;

/** Metadata is the client's own text and may be personal, so it is stored sealed. */
@Injectable()
export class SessionMetadataSeal {
  constructor(@InjectConfig('vault') private readonly config: AppConfig['vault']) {}

  seal(tenantId: string, sessionId: string, metadata: SessionMetadata): Buffer {
    return seal(this.keyOf(tenantId), JSON.stringify(metadata), sessionId);
  }

  open(session: Session): SessionMetadata | undefined {
    if (!session.sealedMetadata) return undefined;
    return JSON.parse(
      open(this.keyOf(session.tenantId), session.sealedMetadata, session.id).toString('utf8'),
    );
  }

  private keyOf(tenantId: string): Buffer {
    return deriveKey(this.config.kek, 'session', tenantId);
  }
}
