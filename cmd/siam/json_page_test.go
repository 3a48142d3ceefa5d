package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/siam-go/siam/api"
	"github.com/spf13/cobra"
)

// jsonPage is docs/json.md: for each command, and for each shape that several share, a table of fields.
type jsonPage struct {
	sections map[string][]*jsonField
	checked  map[string]bool // sections that were compared with what a command printed
}

// jsonField is a row: | `path` | type | meaning |. A row without backticks has the fields of a shape among those of the section.
type jsonField struct {
	section    string
	path, kind string
	optional   bool // "?" after the type
	seen       bool
}

var (
	pageHeading = regexp.MustCompile("^#{2,3} (.*)$")
	pageRow     = regexp.MustCompile(`^\| ([^|]*) \| ([^|]*) \|`)
	pageLink    = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// readJSONPage reads docs/json.md.
func readJSONPage(t *testing.T) *jsonPage {
	t.Helper()
	text, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	p := &jsonPage{map[string][]*jsonField{}, map[string]bool{}}
	section := ""
	for line := range strings.Lines(string(text)) {
		if heading := pageHeading.FindStringSubmatch(strings.TrimSpace(line)); heading != nil {
			section = strings.ReplaceAll(heading[1], "`", "")
			continue
		}
		row := pageRow.FindStringSubmatch(line)
		if row == nil || strings.HasPrefix(row[1], "-") || row[1] == "field" {
			continue
		}
		kind := pageLink.ReplaceAllString(row[2], "$1")
		f := &jsonField{section: section, kind: strings.TrimSuffix(kind, "?"), optional: strings.HasSuffix(kind, "?")}
		if strings.HasPrefix(row[1], "`") {
			f.path = strings.Trim(row[1], "`")
		}
		p.sections[section] = append(p.sections[section], f)
	}
	return p
}

// check compares what a command printed with a section, both ways.
func (p *jsonPage) check(section string, printed []byte) error {
	var value map[string]any
	if err := json.Unmarshal(printed, &value); err != nil {
		return fmt.Errorf("it is not one JSON object: %w", err)
	}
	if p.sections[section] == nil {
		return fmt.Errorf("docs/json.md has no section %s", section)
	}
	p.checked[section] = true
	return p.checkObject(p.sections[section], "", value)
}

// checkObject compares the keys of an object with the fields of a section whose paths begin with at.
func (p *jsonPage) checkObject(fields []*jsonField, at string, object map[string]any) error {
	own, err := p.fieldsOf(fields, at)
	if err != nil {
		return err
	}
	for key, value := range object {
		f := own[key]
		if f == nil {
			return fmt.Errorf("%s%s is printed, but not on the page", at, key)
		}
		f.seen = true
		if err := p.checkValue(p.sections[f.section], f.kind, at+key, value); err != nil {
			return err
		}
	}
	for key, f := range own {
		if _, printed := object[key]; !printed && !f.optional {
			return fmt.Errorf("%s%s is on the page, but not printed", at, key)
		}
	}
	return nil
}

// fieldsOf are the fields right below a path, by name, with those of the shapes among them.
func (p *jsonPage) fieldsOf(fields []*jsonField, at string) (map[string]*jsonField, error) {
	own := map[string]*jsonField{}
	for _, f := range fields {
		name, below := strings.CutPrefix(f.path, at)
		switch {
		case f.path == "" && at == "":
			f.seen = true
			shared, err := p.fieldsOf(p.sections[f.kind], "")
			if err != nil || len(shared) == 0 {
				return nil, fmt.Errorf("docs/json.md has no shape %s, %w", f.kind, err)
			}
			maps.Copy(own, shared)
		case f.path != "" && below && !strings.Contains(name, "."):
			own[name] = f
		}
	}
	return own, nil
}

// checkValue compares a value with a type; objects have their fields in the rows of the same section.
func (p *jsonPage) checkValue(fields []*jsonField, kind, at string, value any) error {
	kind, nullable := strings.CutSuffix(kind, " or null")
	if value == nil && nullable || kind == "any" {
		return nil
	}
	if elements, ok := strings.CutPrefix(kind, "list of "); ok {
		list, ok := value.([]any)
		if !ok {
			return fmt.Errorf("%s is %v, want a list", at, value)
		}
		return p.checkAll(fields, elements, at, slices.Values(list))
	}
	object, isObject := value.(map[string]any)
	if elements, ok := strings.CutPrefix(kind, "map of "); ok && isObject {
		return p.checkAll(fields, elements, at, maps.Values(object))
	}
	right := false
	switch strings.TrimSuffix(kind, "s") {
	case "number":
		_, right = value.(float64)
	case "text", "time":
		_, right = value.(string)
	case "true or false":
		_, right = value.(bool)
	case "object":
		if isObject {
			return p.checkObject(fields, at+".", object)
		}
	default:
		shape := p.sections[kind]
		if shape == nil {
			return fmt.Errorf("%s: docs/json.md has no shape %q", at, kind)
		}
		if isObject {
			if err := p.checkObject(shape, "", object); err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			return nil
		}
	}
	if !right {
		return fmt.Errorf("%s is %v, want a %s", at, value, kind)
	}
	return nil
}

func (p *jsonPage) checkAll(fields []*jsonField, kind, at string, values func(func(any) bool)) error {
	for value := range values {
		if err := p.checkValue(fields, kind, at, value); err != nil {
			return err
		}
	}
	return nil
}

// unseen are the rows that no command printed, and the sections that none was compared with.
func (p *jsonPage) unseen() (rows []string) {
	for section, fields := range p.sections {
		if strings.HasPrefix(section, "siam ") && !p.checked[section] {
			rows = append(rows, section)
			continue
		}
		for _, f := range fields {
			if !f.seen {
				rows = append(rows, fmt.Sprintf("%s: `%s` %s", section, f.path, f.kind))
			}
		}
	}
	slices.Sort(rows)
	return rows
}

// undocumented are the commands without a section.
func (p *jsonPage) undocumented(cmd *cobra.Command) (names []string) {
	if cmd.HasSubCommands() {
		for _, sub := range cmd.Commands() {
			names = append(names, p.undocumented(sub)...)
		}
		return names
	}
	for section := range p.sections {
		if section == cmd.CommandPath() || strings.HasPrefix(section, cmd.CommandPath()+" ") {
			return nil
		}
	}
	return []string{cmd.CommandPath()}
}

// documentedCommand: documented SECTION compares the JSON on stdout with a section of docs/json.md.
func (p *jsonPage) documentedCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: documented SECTION")
	}
	if err := p.check(strings.Join(args, " "), []byte(ts.ReadFile("stdout"))); err != nil {
		ts.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
}

// elsewhere are parts of the page that need data or networks which not every machine has, and the test that looks at them.
var elsewhere = map[string]string{
	"siam demo": notRun, "siam serve health": notRun, "siam data get": notRun, "demo's verdict: `who` text": notRun, "demo's verdict: `` result": notRun,
	"gallery: `faces` true or false": withFaces, "gallery: `mirror` true or false": withFaces, "result: `box` list of numbers": withFaces,
	"siam compare: `photographs` list of objects": withFaces, "siam compare: `photographs.file` text": withFaces,
	"siam compare: `photographs.box` list of numbers": withFaces, "siam compare: `photographs.score` number": withFaces,
	"siam compare: `photographs.faces` number": withFaces,
}

const (
	withFaces = "TestPhotographScripts"
	notRun    = "TestTheJSONOfLongCommandsIsOnThePage"
)

func TestTheJSONOfEveryCommandIsOnOnePage(t *testing.T) {
	page := readJSONPage(t)
	runScripts(t, "testdata/json", page)
	if t.Failed() {
		return
	}
	unseen := page.unseen()
	for row := range elsewhere {
		if !slices.Contains(unseen, row) {
			t.Errorf("%s is printed here: it need not be looked at elsewhere", row)
		}
	}
	for _, row := range unseen {
		if elsewhere[row] == "" {
			t.Errorf("docs/json.md has %s, which no command prints in testdata/json", row)
		}
	}
	for _, name := range page.undocumented((&app{}).command()) {
		if !strings.HasPrefix(name, "siam completion") && name != "siam help" {
			t.Errorf("docs/json.md has no section on %s", name)
		}
	}
}

// TestTheJSONOfLongCommandsIsOnThePage: of commands that take minutes or a network connection, the values that they print are made up.
func TestTheJSONOfLongCommandsIsOnThePage(t *testing.T) {
	page := readJSONPage(t)
	for section, printed := range map[string]any{"siam demo": demoResult{}, "siam serve health": api.Health{}, "siam data get": gotten{}} {
		encoded, err := json.Marshal(filled(reflect.TypeOf(printed)).Interface())
		if err == nil {
			err = page.check(section, encoded)
		}
		if err != nil {
			t.Errorf("%s: %v", section, err)
		}
	}
	for _, row := range page.unseen() {
		if elsewhere[row] == notRun {
			t.Errorf("docs/json.md has %s, which is never printed", row)
		}
	}
}

// filled is a value in which nothing is empty that can be filled.
func filled(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Pointer:
		v.Set(filled(t.Elem()).Addr())
	case reflect.Slice:
		v.Set(reflect.Append(v, filled(t.Elem())))
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(filled(t.Key()), filled(t.Elem()))
	case reflect.Struct:
		for i := range t.NumField() {
			if v.Field(i).CanSet() {
				v.Field(i).Set(filled(t.Field(i).Type))
			}
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1)
	}
	return v
}
