import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import type { Observable } from 'rxjs';

/** Puts who asks on every line logged while the request is handled. Runs after the guards, so it is known. */
@Injectable()
export class LogContextInterceptor implements NestInterceptor {
  constructor(private readonly logger: PinoLogger) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { principal } = context
      .switchToHttp()
      .getRequest<{ principal?: { id: string; tenantId: string } }>();
    if (principal) this.logger.assign({ tenantId: principal.tenantId, principalId: principal.id });
    return next.handle();
  }
}
