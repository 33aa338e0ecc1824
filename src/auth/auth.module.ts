import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AdminKeyBootstrap } from './admin-key.bootstrap.js';
import { ApiKeyAuthenticator } from './api-key-authenticator.js';
import { ApiKeyController } from './api-key.controller.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { ApiKeyService } from './api-key.service.js';
import { AuthGuard } from './auth.guard.js';
import { DenialRecorder } from './denial-recorder.js';
import { InstanceRecorder } from './instance-recorder.service.js';
import { MeController } from './me.controller.js';
import { PrincipalDirectory } from './principal-directory.service.js';
import { RejectionRecorder } from './rejection-recorder.js';
import { SchemaVersionRepository } from './schema-version.repository.js';

/** Who may come in and what they may do; closes every route that does not say otherwise. */
@Global()
@Module({
  controllers: [ApiKeyController, MeController],
  providers: [
    ApiKeyRepository,
    ApiKeyAuthenticator,
    ApiKeyService,
    AdminKeyBootstrap,
    DenialRecorder,
    RejectionRecorder,
    SchemaVersionRepository,
    InstanceRecorder,
    PrincipalDirectory,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [ApiKeyService, ApiKeyAuthenticator, AdminKeyBootstrap, PrincipalDirectory],
})
export class AuthModule {}
