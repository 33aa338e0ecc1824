import { Module } from '@nestjs/common';
import { PiiController } from './pii.controller.js';
import { PiiService } from './pii.service.js';
import { TokenVault } from './token-vault.service.js';
import { VaultRepository } from './vault.repository.js';

/** Detection and redaction of personal data over REST, and the vault of the originals. */
@Module({
  controllers: [PiiController],
  providers: [PiiService, TokenVault, VaultRepository],
  exports: [TokenVault],
})
export class PiiModule {}
