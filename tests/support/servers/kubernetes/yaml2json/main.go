// YAML documents on standard input, a JSON list of them on standard output, read as Kubernetes reads them: a key that
// stands twice is an error, an empty document is none.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

func main() {
	log.SetFlags(0)
	documents, err := read(yaml.NewYAMLReader(bufio.NewReader(os.Stdin)))
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(documents)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func read(reader *yaml.YAMLReader) ([]any, error) {
	documents := []any{}
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		var document any
		if err == nil {
			err = strict.UnmarshalStrict(text, &document)
		}
		if err != nil {
			return nil, err
		}
		if document != nil {
			documents = append(documents, document)
		}
	}
}
