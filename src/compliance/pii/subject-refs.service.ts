import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/app-error.js';
import { isReference, isSubject } from './subject.dto.js';
import { TokenVault } from './token-vault.service.js';

/** Knows people by what a caller names them with. */
@Injectable()
export class SubjectRefs {
  constructor(private readonly vault: TokenVault) {}

  /**
   * The reference of the person that a text names: an e-mail address, or the reference itself.
   *
   * @throws AppError VALIDATION_FAILED for anything else.
   */
  refOf(tenantId: string, subject: string): string {
    if (!isSubject(subject)) {
      const message = 'must be an e-mail address or a reference';
      throw new AppError('VALIDATION_FAILED', { errors: [{ path: 'subject', message }] });
    }
    return isReference(subject) ? subject : this.vault.subjectRefOf(tenantId, subject);
  }
}
