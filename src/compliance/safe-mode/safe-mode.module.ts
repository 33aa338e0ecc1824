import { Global, Module } from '@nestjs/common';
import { SafeModeHealth } from './safe-mode-health.js';
import { SafeModeSwitch } from './safe-mode-switch.service.js';
import { SafeModeController } from './safe-mode.controller.js';
import { SafeModeRepository } from './safe-mode.repository.js';
import { SafeMode } from './safe-mode.service.js';

/** One switch under which only reading and simulation go on. */
@Global()
@Module({
  controllers: [SafeModeController],
  providers: [SafeModeRepository, SafeMode, SafeModeSwitch, SafeModeHealth],
  exports: [SafeMode],
})
export class SafeModeModule {}
