// Writes what an API server would answer at /openapi/v2: unlike Kubernetes' own swagger.json it has the enumerations.
package main

import (
	"encoding/json"
	"log"
	"os"
	"strings"

	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kubernetes/pkg/generated/openapi"
)

const prefix = "#/definitions/"

func main() {
	definitions := map[string]spec.Schema{}
	reference := func(path string) spec.Ref { return spec.MustCreateRef(prefix + escaped(path)) }
	for name, made := range openapi.GetOpenAPIDefinitions(common.ReferenceCallback(reference)) {
		definitions[escaped(name)] = made.Schema
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"definitions": definitions}); err != nil {
		log.Fatal(err)
	}
}

// A definition's name is part of a JSON pointer, which has its own meaning for a slash.
func escaped(name string) string { return strings.ReplaceAll(name, "/", ".") }
