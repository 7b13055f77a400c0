// Making elements. Texts are set, never parsed as HTML.
type Child = Node | string | undefined;

export function make<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, className = '', ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

export function find<Found extends HTMLElement = HTMLElement>(id: string): Found {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as Found;
}

export function link(className: string, address: string, ...children: Child[]): HTMLAnchorElement {
  const made = make('a', className, ...children);
  made.href = address;
  return made;
}

export function button(className: string, label: string, act: () => void): HTMLButtonElement {
  const made = make('button', className, label);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}
