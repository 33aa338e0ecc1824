import { Module } from '@nestjs/common';
import { KekRing } from './kek-ring.service.js';
import { PiiController } from './pii.controller.js';
import { PiiService } from './pii.service.js';
import { SubjectRefs } from './subject-refs.service.js';
import { TokenVault } from './token-vault.service.js';
import { VaultRepository } from './vault.repository.js';

/** Detection and redaction of personal data over REST, and the vault of the originals. */
@Module({
  controllers: [PiiController],
  providers: [KekRing, PiiService, SubjectRefs, TokenVault, VaultRepository],
  exports: [KekRing, SubjectRefs, TokenVault],
})
export class PiiModule {}
