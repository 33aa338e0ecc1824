import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/app-error.js';
import { AuditLog } from '../audit/log/audit-log.service.js';
import type { InclusionProof } from '../audit/log/inclusion-proof.js';
import type { Erasure } from './erasure.js';

/** Makes the receipt of an erasure stand on its own: with the proof that its event is in the log. */
@Injectable()
export class ErasureReceipts {
  constructor(private readonly log: AuditLog) {}

  /** Undefined before the event is sealed, and after retention has removed it: then whoever kept the receipt has it. */
  async proofOf({ tenantId, eventId }: Erasure): Promise<InclusionProof | undefined> {
    if (eventId === null) return undefined;
    try {
      const proof = await this.log.inclusion(tenantId, eventId);
      return proof === 'pending' ? undefined : proof;
    } catch (error) {
      if (error instanceof AppError && error.code === 'AUDIT_RETENTION_PASSED') return undefined;
      throw error;
    }
  }
}
