import { type CanActivate, type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppError } from '../kernel/app-error.js';
import { accessRuleOf } from './access-rule.js';
import { ApiKeyAuthenticator } from './api-key-authenticator.js';
import { DenialRecorder } from './denial-recorder.js';
import { rolesGrant } from './permissions.js';
import type { Principal } from './principal.js';
import type { PrincipalRequest } from './principal-request.js';
import { RejectionRecorder } from './rejection-recorder.js';

const BEARER = /^Bearer +([^\s]+) *$/i;
/** RFC 6750: the scheme is followed by at least one parameter. */
const CHALLENGE = 'Bearer realm="countersign"';

/** Stands before every route: who is asking, and may they? A route that names no permission is denied. */
@Injectable()
export class AuthGuard implements CanActivate {
  private readonly logger = new Logger(AuthGuard.name);

  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: ApiKeyAuthenticator,
    private readonly denials: DenialRecorder,
    private readonly rejections: RejectionRecorder,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Other doors than HTTP bring their own guard; nothing comes in by omission.
    if (context.getType() !== 'http') return false;
    const rule = accessRuleOf(this.reflector, context);
    if (rule.kind === 'public') return true;

    const request = context.switchToHttp().getRequest<PrincipalRequest>();
    const principal = await this.authenticate(request);
    request.principal = principal;
    if (rule.kind === 'permission' && rolesGrant(principal.roles, rule.permission)) return true;

    await this.denials.record(
      principal,
      request,
      rule.kind === 'permission' ? rule.permission : 'undeclared',
    );
    throw new AppError('FORBIDDEN');
  }

  private async authenticate(request: PrincipalRequest): Promise<Principal> {
    const credential = request.headers.authorization;
    if (credential === undefined) {
      throw new AppError('UNAUTHENTICATED', { headers: { 'WWW-Authenticate': CHALLENGE } });
    }
    const authentication = await this.authenticator.authenticate(BEARER.exec(credential)?.[1] ?? '');
    if (authentication.outcome === 'accepted') return authentication.principal;

    // What they sent stays out of the log and of the trail.
    const { outcome: reason, ...known } = authentication;
    this.logger.warn({ event: 'auth.rejected', reason, ...known }, 'A presented API key was refused');
    await this.rejections.note(authentication);
    throw new AppError('UNAUTHENTICATED', {
      headers: { 'WWW-Authenticate': `${CHALLENGE}, error="invalid_token"` },
    });
  }
}
