package render

import (
	"bytes"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// yaml writes what json writes, in the same order.
func (r *Report) yaml(w io.Writer, _ Options) error { return writeYAML(w, r) }

func writeYAML(w io.Writer, v any) error {
	text, err := encodeYAML(v)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func encodeYAML(v any) ([]byte, error) {
	text, err := encode(v)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	restyle(&root)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&root); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return escape(b.Bytes(), yamlEscape), nil
}

func yamlEscape(out []byte, r rune) []byte { return fmt.Appendf(out, `\U%08x`, r) }

// restyle makes block style of the flow style that JSON is. Text stays quoted:
// nobody's YAML reader can then take a name for a number or a boolean.
func restyle(n *yaml.Node) {
	if len(n.Content) > 0 {
		n.Style &^= yaml.FlowStyle
	}
	for i, child := range n.Content {
		restyle(child)
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			child.Style = 0
		}
	}
}
