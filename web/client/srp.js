// The proof that somebody knows a password, without sending it: Cognito's USER_SRP_AUTH.
// SRP-6a over the 3072-bit group of RFC 3526 with generator 2 and SHA-256; the names are the protocol's.

const N = BigInt(
  "0x" +
  "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B" +
  "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6" +
  "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D" +
  "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718" +
  "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D" +
  "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C" +
  "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
);
const G = 2n;
const utf8 = new TextEncoder();

/** A new secret for one sign-in. */
export const newSecret = () => number(crypto.getRandomValues(new Uint8Array(128)));

/** A, in hex: what opens the dialogue. */
export const publicOf = (a) => power(G, a).toString(16);

/**
 * What to answer to the challenge PASSWORD_VERIFIER.
 * @param {string} poolId
 * @param {string} password
 * @param {bigint} a         the secret that the dialogue was opened with
 * @param {object} challenge its parameters, as Cognito sends them
 * @param {Date} now
 * @throws {RangeError} its public value would give the password away
 */
export async function answer(poolId, password, a, challenge, now = new Date()) {
  const user = challenge.USER_ID_FOR_SRP;
  const [salt, B] = [challenge.SALT, challenge.SRP_B].map((hex) => BigInt(`0x${hex}`));
  if (B % N === 0n) throw new RangeError("the challenge's public value is zero");
  const pool = poolId.split("_")[1];
  const u = number(await sha256(bytes(power(G, a)), bytes(B)));
  const x = number(await sha256(bytes(salt), await sha256(utf8.encode(`${pool}${user}:${password}`))));
  const k = number(await sha256(bytes(N), bytes(G)));
  const S = power((((B - k * power(G, x)) % N) + N) % N, a + u * x);
  const key = (await hmac(await hmac(bytes(u), bytes(S)), utf8.encode("Caldera Derived Key\x01"))).slice(0, 16);
  const at = stamp(now);
  const secret = Uint8Array.from(atob(challenge.SECRET_BLOCK), (c) => c.charCodeAt(0));
  const signature = await hmac(key, concat(utf8.encode(pool + user), secret, utf8.encode(at)));
  return {
    USERNAME: user,
    PASSWORD_CLAIM_SECRET_BLOCK: challenge.SECRET_BLOCK,
    PASSWORD_CLAIM_SIGNATURE: btoa(String.fromCharCode(...signature)),
    TIMESTAMP: at,
  };
}

/** A moment as Cognito wants it, in English whatever the machine speaks: `Sat Nov 7 09:03:05 UTC 2026`. */
export function stamp(now) {
  const [, day, month, year, time] = now.toUTCString().match(/^\w+, (\d+) (\w+) (\d+) ([\d:]+)/);
  return `${now.toUTCString().slice(0, 3)} ${month} ${Number(day)} ${time} UTC ${year}`;
}

function power(base, exponent) {
  let result = 1n;
  for (; exponent > 0n; exponent >>= 1n, base = (base * base) % N) if (exponent & 1n) result = (result * base) % N;
  return result;
}

/** Big-endian, with a zero byte before a set highest bit, as Java's BigInteger writes it. */
function bytes(value) {
  const hex = value.toString(16);
  const even = hex.length % 2 ? `0${hex}` : hex;
  return Uint8Array.from((even[0] > "7" ? `00${even}` : even).match(/../g), (pair) => parseInt(pair, 16));
}

const number = (array) => BigInt(`0x${Array.from(array, (byte) => byte.toString(16).padStart(2, "0")).join("")}`);

function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));

async function hmac(key, message) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}
