/**
 * Which addresses are public: by IANA's registries of special-purpose addresses (RFC 6890 and what followed), and without the
 * clouds' metadata services. What is not surely public is not public.
 */

/** IPv4 blocks that are not public, as first address and prefix length. */
const SPECIAL_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8], ["10.0.0.0", 8], ["100.64.0.0", 10], ["127.0.0.0", 8], ["169.254.0.0", 16], ["172.16.0.0", 12],
  ["192.0.0.0", 24], ["192.0.2.0", 24], ["192.88.99.0", 24], ["192.168.0.0", 16], ["198.18.0.0", 15], ["198.51.100.0", 24],
  ["203.0.113.0", 24], ["224.0.0.0", 3],
  // Azure's metadata and DNS, on an address that is otherwise public.
  ["168.63.129.16", 32],
];

/** Names that only the machine or its own network can resolve: RFC 6761, RFC 6762, RFC 8375, and `.internal` of ICANN. */
const LOCAL_NAME = /^(?:[^.]+|.*\.(?:localhost|local|localdomain|internal|intranet|lan|home\.arpa))$/;

/** A URL's host as it is compared: without brackets, in lower case, without the dot that ends a full name. */
export function bareHost(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

/** Whether a host, as URLs hold it, is an address and not a name. URLs have turned decimal, octal and hex forms into these two. */
export function isAddress(host: string): boolean {
  return host.includes(":") || v4(host) !== undefined;
}

/** Whether a bare host is an address that is not public, or a name that can only mean something local: `localhost`, `gateway`, `x.internal`. */
export function isLocalHost(host: string): boolean {
  return isAddress(host) ? !isPublicAddress(host) : LOCAL_NAME.test(host);
}

/** Whether an IPv4 or IPv6 address can be reached by everybody. Anything else is not public either. */
export function isPublicAddress(address: string): boolean {
  const four = v4(address);
  if (four !== undefined) return isPublicV4(four);
  const words = v6(address);
  if (!words) return false;
  const [a, b, c, d, e, f, g = 0, h = 0] = words;
  const embedded = (g << 16) | h;
  const zero = (...parts: readonly (number | undefined)[]): boolean => parts.every((part) => part === 0);
  // ::ffff:0:0/96 (mapped) and 64:ff9b::/96 (NAT64, RFC 6052) are IPv4 addresses in other words.
  if (zero(a, b, c, d, e) && f === 0xffff) return isPublicV4(embedded);
  if (a === 0x64 && b === 0xff9b && zero(c, d, e, f)) return isPublicV4(embedded);
  // Only 2000::/3 is in use (RFC 4291). Of it not: 2001::/23 (Teredo, benchmarking, ORCHID), documentation, 6to4.
  if (a === undefined || a < 0x2000 || a > 0x3fff || b === undefined) return false;
  return !((a === 0x2001 && (b < 0x200 || b === 0xdb8)) || a === 0x2002 || (a === 0x3fff && b < 0x1000));
}

function isPublicV4(address: number): boolean {
  return !SPECIAL_V4.some(([first, length]) => ((address ^ (v4(first) ?? 0)) >>> (32 - length)) === 0);
}

/** Dotted decimal as a number of 32 bits. */
function v4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((all, part) => (all << 8) | part, 0);
}

/** The eight words of an IPv6 address. A zone (`%eth0`) makes it local, and is no address here. */
function v6(text: string): readonly number[] | undefined {
  let canonical: string;
  try {
    canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  } catch {
    return undefined;
  }
  const [left = "", right] = canonical.split("::");
  const words = (half: string): number[] => (half === "" ? [] : half.split(":").map((word) => Number.parseInt(word, 16)));
  const [start, end] = [words(left), words(right ?? "")];
  return [...start, ...Array<number>(8 - start.length - end.length).fill(0), ...end];
}
