// An API process: `node api.ts <redis url>`, on a free port.

import { runApi } from '../../src/api/main.ts';
import { loadConfig } from '../../src/runtime/config.ts';
import { tellUsage } from './tell-usage.ts';

const [redisUrl = ''] = process.argv.slice(2);
tellUsage();
await runApi(loadConfig({ BATON_LOG_LEVEL: 'error' }), { redisUrl, port: 0 });
