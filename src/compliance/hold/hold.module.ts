import { Module } from '@nestjs/common';
import { PiiModule } from '../pii/pii.module.js';
import { LegalHoldRepository } from './legal-hold.repository.js';
import { LegalHoldsController } from './legal-holds.controller.js';
import { LegalHolds } from './legal-holds.service.js';

/** Legal holds: what must be kept whatever retention and erasure say. */
@Module({
  imports: [PiiModule],
  controllers: [LegalHoldsController],
  providers: [LegalHoldRepository, LegalHolds],
  exports: [LegalHolds],
})
export class HoldModule {}
