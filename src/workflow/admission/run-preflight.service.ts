import { Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { Tokenizer } from '../../compliance/pii/operators/tokenizer.js';
import { TokenVault } from '../../compliance/pii/token-vault.service.js';
import { DatabaseService } from '../../database/database.service.js';
import { newId } from '../../kernel/ids.js';
import { SessionService } from '../../sessions/session.service.js';
import { DefinitionStore } from '../definitions/definition-store.service.js';
import { checkInput } from '../definitions/input-validator.js';
import { refuseDuplicates, refusePersonal } from './check-request.js';
import type { StartRequest } from './run-admission.service.js';
import { tokenizeInput } from './tokenize-input.js';

/** A request to come; without a session, one that is not chosen yet is left unchecked. */
export type PreflightRequest = Omit<StartRequest, 'sessionId'> & Partial<Pick<StartRequest, 'sessionId'>>;

/** Tells beforehand whether a request has what admission will ask of it. Consents may change, so they are left out. */
@Injectable()
export class RunPreflight {
  constructor(
    private readonly definitions: DefinitionStore,
    private readonly sessions: SessionService,
    private readonly vault: TokenVault,
    private readonly database: DatabaseService,
  ) {}

  /**
   * Checks a request and starts nothing; the request stays as it is.
   *
   * @throws AppError SESSION_NOT_FOUND, SESSION_EXPIRED, DEFINITION_NOT_FOUND, VALIDATION_FAILED.
   */
  async check(principal: Principal, request: PreflightRequest): Promise<void> {
    const { definition } = await this.database.withTenant(principal.tenantId, async (trx) => {
      if (request.sessionId !== undefined) await this.sessions.use(trx, principal, request.sessionId);
      return this.definitions.get(trx, request.definition, request.version);
    });
    // Admission fills defaults in; what is kept is what was asked for.
    const input = structuredClone(request.input);
    checkInput(this.definitions.inputValidator(definition), input);
    refuseDuplicates(definition.subjects.recipients, input);
    if (Object.keys(request.attributes ?? {}).length === 0) return;
    const tokenizer = new Tokenizer({ runRef: this.vault.runSubjectRef(newId()) });
    tokenizeInput(definition, input, tokenizer, (email) =>
      this.vault.subjectRefOf(principal.tenantId, email),
    );
    refusePersonal(request.attributes ?? {}, tokenizer);
  }
}
