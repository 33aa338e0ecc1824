import { Module } from '@nestjs/common';
import { ConsentModule } from '../compliance/consent/consent.module.js';
import { PersonalStoresModule } from '../compliance/subjects/personal-stores.module.js';
import { SessionMetadataSeal } from './session-metadata.js';
import { SessionController } from './session.controller.js';
import { SessionRepository } from './session.repository.js';
import { SessionService } from './session.service.js';
import { SessionStore } from './session.store.js';

/** Sessions with their two time limits, their owner and their consents. */
@Module({
  imports: [ConsentModule, PersonalStoresModule],
  controllers: [SessionController],
  providers: [SessionRepository, SessionMetadataSeal, SessionService, SessionStore],
  exports: [SessionService],
})
export class SessionsModule {}
