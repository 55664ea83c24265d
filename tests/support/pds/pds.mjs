// A server of the AT Protocol for tests, on loopback: the reference implementation.
//
//   node pds.mjs plc PORT              who is who: in memory, and kept when a PDS dies
//   node pds.mjs pds PORT PLC_PORT DIR the PDS, with all that it keeps in DIR
//
// Prints "ready" when it answers. RATE_LIMITS=1 lets the PDS have its limits.
import { mkdirSync } from 'node:fs'

const [role, port, plcPort, directory] = process.argv.slice(2)

if (role === 'plc') {
  const { MockDatabase, PlcServer } = (await import('@did-plc/server')).default
  await PlcServer.create({ db: new MockDatabase(), port: Number(port) }).start()
} else {
  const { PDS, envToCfg, envToSecrets } = await import('@atproto/pds')
  mkdirSync(`${directory}/blobs`, { recursive: true })
  const settings = {
    port: Number(port),
    hostname: 'localhost',
    didPlcUrl: `http://localhost:${plcPort}`,
    dataDirectory: directory,
    blobstoreDiskLocation: `${directory}/blobs`,
    jwtSecret: 'of-tests-and-known-to-them-alone',
    adminPassword: 'of-tests',
    plcRotationKeyK256PrivateKeyHex: '11'.repeat(32),
    serviceHandleDomains: ['.test'],
    inviteRequired: false,
    crawlers: [],
    devMode: true,
    disableSsrfProtection: true,
    rateLimitsEnabled: process.env.RATE_LIMITS === '1',
  }
  const pds = await PDS.create(envToCfg(settings), envToSecrets(settings))
  await pds.start()
}
console.log('ready')
