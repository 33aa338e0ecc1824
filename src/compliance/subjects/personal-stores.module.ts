import { Module } from '@nestjs/common';
import { PersonalStores } from './personal-stores.js';

/** Where rooms register what they keep about people. */
@Module({ providers: [PersonalStores], exports: [PersonalStores] })
export class PersonalStoresModule {}
