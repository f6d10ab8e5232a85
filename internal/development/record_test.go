package development_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	// The language of the Tiltfile, by those who made it: evaluated for real, with
	// Tilt's functions replaced by ones that write down how they were called.
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
	"sigs.k8s.io/yaml"

	"auth.books.test/internal/manifest"
)

const root = "../.."

// call is one call of a function of Tilt's.
type call struct {
	function string
	args     []any
	named    map[string]any
}

// name is the first argument, or that which names a resource made of objects.
func (c call) name() string {
	if s, ok := c.named["new_name"].(string); ok {
		return s
	}
	if len(c.args) > 0 {
		s, _ := c.args[0].(string)
		return s
	}
	return ""
}

func (c call) list(name string) (all []string) {
	items, _ := c.named[name].([]any)
	for _, item := range items {
		s, _ := item.(string)
		all = append(all, s)
	}
	return all
}

// recorder evaluates the Tiltfile and keeps the calls in their order.
type recorder struct {
	context string
	env     map[string]string
	render  func(dir string) ([]byte, error)
	calls   []call
}

// functions are those of Tilt that may be called, and all there are: what looks
// for a network or another program is not among them, so using it is an error.
func functions() []string {
	return []string{"version_settings", "allow_k8s_contexts", "ci_settings", "local_resource", "custom_build", "docker_build", "sync", "run",
		"k8s_yaml", "k8s_resource", "port_forward", "link", "watch_file"}
}

func evaluate(context string, env map[string]string, render func(dir string) ([]byte, error)) ([]call, error) {
	r := &recorder{context: context, env: env, render: render}
	predeclared := starlark.StringDict{
		"TRIGGER_MODE_MANUAL": starlark.String("manual"),
		"k8s_context":         starlark.NewBuiltin("k8s_context", r.k8sContext),
		"local":               starlark.NewBuiltin("local", r.local),
		"decode_yaml_stream":  starlark.NewBuiltin("decode_yaml_stream", decodeYAMLStream),
		"os":                  starlarkstruct.FromStringDict(starlark.String("os"), starlark.StringDict{"getenv": starlark.NewBuiltin("getenv", r.getenv)}),
	}
	for _, name := range functions() {
		predeclared[name] = starlark.NewBuiltin(name, r.record)
	}
	thread := &starlark.Thread{Name: "Tiltfile"} // with no Load: load() is an error
	_, err := starlark.ExecFileOptions(&syntax.FileOptions{TopLevelControl: true}, thread, filepath.Join(root, "Tiltfile"), nil, predeclared)
	return r.calls, err
}

// inContext evaluates with next to nothing rendered, for what is the same
// whatever is applied.
func inContext(context string) ([]call, error) {
	return evaluate(context, nil, func(string) ([]byte, error) { return []byte("kind: Namespace\nmetadata: {name: auth}\n"), nil })
}

func recorded(t *testing.T, env map[string]string) []call {
	t.Helper()
	calls, err := evaluate("minikube", env, manifest.Render)
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

func (r *recorder) record(_ *starlark.Thread, f *starlark.Builtin, args starlark.Tuple, named []starlark.Tuple) (starlark.Value, error) {
	c := call{function: f.Name(), named: map[string]any{}}
	for _, a := range args {
		c.args = append(c.args, plain(a))
	}
	for _, n := range named {
		c.named[string(n[0].(starlark.String))] = plain(n[1])
	}
	r.calls = append(r.calls, c)
	// Some are values: sync(…) in live_update=[…].
	return starlark.String(fmt.Sprint(c.function, c.args, c.named)), nil
}

func (r *recorder) k8sContext(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return starlark.String(r.context), nil
}

func (r *recorder) getenv(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if value, set := r.env[string(args[0].(starlark.String))]; set {
		return starlark.String(value), nil
	}
	return args[1], nil
}

// local runs what may be run while the file is evaluated: rendering.
func (r *recorder) local(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	command := string(args[0].(starlark.String))
	dir, found := strings.CutPrefix(command, "kubectl kustomize ")
	if !found {
		return nil, fmt.Errorf("%q runs while the file is evaluated, and needs more than files", command)
	}
	out, err := r.render(filepath.Join(root, dir))
	return starlark.String(out), err
}

func decodeYAMLStream(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	var all []starlark.Value
	for _, document := range strings.Split(string(args[0].(starlark.String)), "\n---\n") {
		var object any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			return nil, err
		}
		v, err := value(object)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return starlark.NewList(all), nil
}

// value is what YAML says, for Starlark.
func value(v any) (starlark.Value, error) {
	switch v := v.(type) {
	case nil:
		return starlark.None, nil
	case string:
		return starlark.String(v), nil
	case bool:
		return starlark.Bool(v), nil
	case float64:
		return starlark.Float(v), nil
	case []any:
		var all []starlark.Value
		for _, item := range v {
			one, err := value(item)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		return starlark.NewList(all), nil
	case map[string]any:
		d := starlark.NewDict(len(v))
		for key, item := range v {
			one, err := value(item)
			if err != nil {
				return nil, err
			}
			if err := d.SetKey(starlark.String(key), one); err != nil {
				return nil, err
			}
		}
		return d, nil
	}
	return nil, fmt.Errorf("no value for %T", v)
}

// plain is what Starlark says, for Go.
func plain(v starlark.Value) any {
	switch v := v.(type) {
	case starlark.String:
		return string(v)
	case starlark.Bool:
		return bool(v)
	case starlark.Int:
		i, _ := v.Int64()
		return i
	case *starlark.List:
		all := []any{}
		for item := range v.Elements() {
			all = append(all, plain(item))
		}
		return all
	case *starlark.Dict:
		all := map[string]any{}
		for _, item := range v.Items() {
			all[string(item[0].(starlark.String))] = plain(item[1])
		}
		return all
	}
	return v.String()
}

// read gives a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// message is what the Tiltfile says when it fails.
func message(err error) string {
	var failed *starlark.EvalError
	if errors.As(err, &failed) {
		return failed.Msg
	}
	return fmt.Sprint(err)
}
