// What there is to call, and with what: by the package's declarations.

/** Every named declaration of the package. */
export const types = new Map();
/** @param {[string, any][]} declared as `declarations` reads them */
export function learn(declared) {
  for (const [name, node] of declared) types.set(name, node);
}

const named = (member) => member.key?.name ?? member.key?.value;
const signature = (member) => member?.value ?? (member?.params ? member : member?.typeAnnotation?.typeAnnotation);
const annotation = (param) => (param.type === "RestElement" ? param : (param.left ?? param)).typeAnnotation?.typeAnnotation;

/** The members of an interface, class or literal type, those that it inherits too. */
export function membersOf(node, depth = 0) {
  if (!node || depth > 8) return [];
  const own = node.body?.body ?? node.members ?? [];
  const above = [...(node.extends ?? []).map(({ expression }) => expression?.name), node.superClass?.name];
  return [...own, ...above.flatMap((name) => membersOf(types.get(name), depth + 1))];
}

/** Whether a method is for the package's own classes alone. */
export function isInner(owner, name) {
  return membersOf(types.get(owner)).some((one) => named(one) === name && one.accessibility === "private");
}

/** The declared function: of a class or interface, or an export. */
function declaredFunction(owner, name) {
  const holder = types.get(owner);
  const member = owner === undefined ? types.get(name) : membersOf(holder?.typeAnnotation ?? holder).find((one) => named(one) === name);
  const own = signature(member);
  if (own?.params) return own;
  const inner = member?.id ? signature(member.id) : undefined;
  if (inner?.params) return inner;
  // `const Ogpu: OgpuStatic`, `type FetchWithPayment = (…) => …`
  const reference = (member?.typeAnnotation ?? member?.id?.typeAnnotation)?.typeAnnotation?.typeName?.name;
  return reference ? functionOf(types.get(reference)?.typeAnnotation) : undefined;
}

/** The function that a type is, where it is one. */
export function functionOf(node) {
  return node?.params ? node : node?.typeAnnotation?.params ? node.typeAnnotation : undefined;
}

/** The types of a function's parameters; `undefined` for one that has no declaration. */
export function paramsOf(owner, name) {
  return declaredFunction(owner, name)?.params?.map(annotation);
}
export const paramsIn = (node) => node.params.map(annotation);

/** The type that a function gives, or its promise; `undefined` where nothing is declared. */
export function givenBy(owner, name) {
  const type = declaredFunction(owner, name)?.returnType?.typeAnnotation;
  return type?.typeName?.name === "Promise" ? type.typeArguments?.params?.[0] : type;
}
