// Calls the example's one function and prints its result as the host does.
import { readFileSync } from 'node:fs';

const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), {});
const checksum = BigInt.asUintN(64, instance.exports.checksum());
console.log(`checksum ${checksum.toString(16).padStart(16, '0')}`);
