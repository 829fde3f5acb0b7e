// What holds for every transport holds for A2A, in each binding, version and mode.
import { transportSuite } from '../suites/transport-suite.ts';
import { a2aHarness } from '../support/a2a-harness.ts';

for (const mode of ['dynamic_events', 'dynamic_messages', 'static'] as const) {
  transportSuite(a2aHarness({ binding: 'JSONRPC', version: '1.0', mode }));
  transportSuite(a2aHarness({ binding: 'HTTP+JSON', version: '1.0', mode }));
  transportSuite(a2aHarness({ binding: 'JSONRPC', version: '0.3', mode }));
}
transportSuite(a2aHarness({ binding: 'HTTP+JSON', version: '0.3', mode: 'static' }));
