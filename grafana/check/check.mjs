// Reads {"name": "query", ..} and says of each query what Grafana's grammar finds in it.
import { parser } from '@grafana/lezer-logql';

// Grafana fills these in before it asks Loki.
const filledIn = (query) => query.replaceAll('$__range', '1h').replaceAll('$__interval', '1m');

function read(query) {
  const found = { error: null, names: new Set(), events: new Set() };
  const text = (node) => query.slice(node.from, node.to);
  parser.parse(query).iterate({
    enter(node) {
      if (node.type.isError) found.error ??= `at ${node.from}: ${query.slice(node.from, node.from + 40)}`;
      if (node.name === 'Identifier') found.names.add(text(node));
      if (node.name === 'Matcher' && text(node.node.firstChild) === 'event') {
        // `=~` names several.
        for (const event of JSON.parse(text(node.node.lastChild)).split('|')) found.events.add(event);
      }
      // Fields named in a template stand in a string, which the grammar does not look into.
      if (node.name === 'String') {
        for (const [, name] of text(node).matchAll(/\{\{\s*\.(\w+)\s*\}\}/g)) found.names.add(name);
      }
    },
  });
  return { error: found.error, names: [...found.names], events: [...found.events] };
}

let input = '';
for await (const chunk of process.stdin) input += chunk;
const answers = Object.entries(JSON.parse(input)).map(([name, query]) => [name, read(filledIn(query))]);
process.stdout.write(JSON.stringify(Object.fromEntries(answers)));
