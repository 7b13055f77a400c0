// Asking the server and making elements. Texts are set, never parsed as HTML.
export const $ = (id) => document.getElementById(id);

export class Refused extends Error {
  constructor(status, detail) {
    super(detail || `the server said ${status}`);
    this.status = status;
  }
}

export async function ask(address) {
  const answer = await fetch(address, { headers: { Accept: 'application/dicom+json, application/json' } });
  if (answer.status === 204) return [];
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail);
}

export function element(tag, content, className) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (content instanceof Node) made.append(content);
  else made.textContent = content ?? '';
  return made;
}

export function cell(label, content, className) {
  const made = element('td', content, className);
  made.dataset.label = label; // what a narrow screen shows instead of a column's head
  return made;
}

export const number = (value) => Number(value ?? 0).toLocaleString();
