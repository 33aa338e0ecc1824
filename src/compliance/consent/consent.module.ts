import { Module } from '@nestjs/common';
import { PiiModule } from '../pii/pii.module.js';
import { ConsentSeal } from './consent-seal.service.js';
import { ConsentRepository } from './consent.repository.js';
import { ConsentService } from './consent.service.js';
import { WorkStops } from './work-stops.js';

/** Consents: whose data may be used for what. */
@Module({
  imports: [PiiModule],
  providers: [ConsentRepository, ConsentSeal, ConsentService, WorkStops],
  exports: [ConsentService, WorkStops],
})
export class ConsentModule {}
