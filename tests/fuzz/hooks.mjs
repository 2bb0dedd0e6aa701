// React's hooks: each is rendered below its provider, and without, with hostile arguments; what it gives is called; it is rendered again with
// others, and taken away. A typed error is for the boundary around it. A finding is any other error, and a component that renders for ever.
import { call, ended } from "./calls.mjs";
import { paramsOf, types, membersOf } from "./surface.mjs";

/** A component that renders more often than this by itself does not stop. */
const MOST = 200;
/** Real milliseconds between two looks. */
const LOOK = 30;
const PROVIDERS = { "ogkit/react": { name: "OgkitProvider", props: { network: "mainnet" } }, "ogkit/react/opengradient": { name: "OpenGradientProvider", props: {} } };

/** Props of the declared type, without the children. */
function propsOf(name, values) {
  const type = paramsOf(undefined, name)?.[0];
  const declared = types.get(type?.typeName?.name);
  const members = declared ? membersOf(declared).filter((member) => member.key?.name !== "children") : [];
  return values.object(members, 1);
}

export async function hookCase(entry, modules, host, context) {
  const { values, judge, later, calls } = context;
  const { rng } = values;
  const { createElement, Component } = host.react;
  const module = modules[entry];
  const provider = PROVIDERS[entry];
  const names = Object.keys(module).filter((name) => name.startsWith("use"));
  // On a server nothing happens by itself.
  const pause = host.isServer ? () => undefined : () => new Promise((resolve) => later(resolve, LOOK));
  let renders = 0;

  class Boundary extends Component {
    state = { failed: false };
    static getDerivedStateFromError = () => ({ failed: true });
    componentDidCatch(error) {
      judge.check(error);
    }
    render() {
      return this.state.failed ? null : this.props.children;
    }
  }
  function Probe({ look }) {
    renders += 1;
    if (renders === MOST) judge.found("renders for ever", new Error(`${renders} times`));
    // Breaks the loop, so that the case comes to its end.
    if (renders >= MOST) return null;
    look();
    return null;
  }

  const name = rng.pick(names);
  const types_ = paramsOf(undefined, name) ?? [];
  let given;
  const tree = () => {
    const args = types_.slice(0, rng.chance(0.15) ? rng.below(types_.length + 1) : undefined).map((type) => values.of(type));
    // In a function: React itself looks into props.
    const probe = createElement(Probe, { look: () => void (given = module[name](...args)) });
    const props = rng.chance(0.5) ? provider.props : judge.try(() => ({ ...provider.props, ...propsOf(provider.name, values) })) ?? {};
    return createElement(Boundary, null, rng.chance(0.05) ? probe : createElement(module[provider.name], props, probe));
  };
  judge.calls(`${entry}.${name}`);
  const root = host.mount(judge);
  root.render(tree());
  await pause();
  for (let again = rng.below(3); again >= 0; again--) {
    for (const [key, run] of Object.entries(functionsOf(given))) {
      if (rng.chance(0.5)) call({ owner: ownerOf(name), name: key, self: given, run }, context);
    }
    await pause();
    judge.goesOn();
    renders = 0;
    if (again > 0) root.render(tree());
    await pause();
  }
  root.unmount();
  await ended(calls);
  await pause();
}

/** The type that a hook gives. */
const ownerOf = (name) => `U${name.slice(1)}`;

function functionsOf(given) {
  if (typeof given !== "object" || given === null) return {};
  return Object.fromEntries(Object.entries(given).flatMap(([key, value]) => {
    // The caller's own.
    if (key === "data" || key === "error") return [];
    if (typeof value === "function") return [[key, value]];
    return key === "approve" && typeof value?.run === "function" ? [["run", value.run]] : [];
  }));
}
