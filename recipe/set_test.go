package recipe

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// good has a value for every setting that differs from both recipes' own.
var good = map[string]string{
	"encoder": "conv4", "size": "32", "dim": "48", "widths": "[8,16,24]", "blocks": "2", "max_pool": "true", "dropout": "0.25", "flatten": "true",
	"objective": "triplet", "mining": "hard", "loss": `{"margin":0.5}`, "memory": "256",
	"height": "40", "init": "he", "colour": "true", "mirror": "true",
	"people": "12", "photos": "6", "negatives": "19", "least": "4", "tail": "0.375",
	"refresh": "23", "hard": "0.625", "together": "3",
	"pairs": "64", "pool": "1000", "alphabets": "3", "characters": "7", "drawings": "5",
	"distort": "none", "turns": "false", "invented": "9", "ink": "0.5", "whiten": "0.2", "real_share": "0.5",
	"steps": "77", "optimizer": "adam", "rate": "0.125", "decay": "0.5", "average": "0.75", "proxy_rate": "30",
	"rates": `{"dense":0.25}`, "fall": "0.98", "momentum": "0.5", "ramp": "7", "l2": `{"conv1":0.001,"other":0.5}`,
	"validation": "6", "drawers": "8", "every": "11", "patience": "13", "trials": "17",
}

func TestSetChangesEverySettingAndNoOther(t *testing.T) {
	tried := map[string]bool{}
	for _, r := range []Recipe{Triplet(), Faces()} {
		for key := range r.Settings.all() {
			if good[key] == "" {
				t.Errorf("setting %s has no value in this test", key)
			}
			tried[key] = true
			testSetChangesOne(t, r.Settings, key, good[key])
		}
	}
	if len(tried) != len(good) {
		t.Errorf("%d settings, want the %d of this test", len(tried), len(good))
	}
}

func testSetChangesOne(t *testing.T, s Settings, key, value string) {
	t.Helper()
	before := fields(t, s)
	if err := s.Set(key, value); err != nil {
		t.Errorf("Set(%s, %s): %v", key, value, err)
		return
	}
	after := fields(t, s)
	if got := strings.Trim(after[key], `"`); got != value && !(value == "false" && got == "") {
		t.Errorf("after Set(%s, %s) it is %q", key, value, got)
	}
	delete(before, key)
	delete(after, key)
	if !reflect.DeepEqual(before, after) {
		t.Errorf("Set(%s, %s) changed others: %v, want %v", key, value, after, before)
	}
}

func fields(t *testing.T, s Settings) map[string]string {
	t.Helper()
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &raw); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for name, value := range raw {
		all[name] = string(value)
	}
	return all
}

func TestSetRefusesWhatIsNoValue(t *testing.T) {
	for _, test := range []struct{ key, value, want string }{
		{"nonsense", "1", "want one of encoder, size, dim, "},
		{"Rate", "1", "unknown setting"},
		{"", "1", "unknown setting"},
		{"rate", "fast", "want a number"},
		{"rate", "", "want a number"},
		{"rate", "null", "want a number"},
		{"rate", "[1]", "want a number"},
		{"rate", "NaN", "want a number"},
		{"rate", "1e999", "want a number"},
		{"steps", "1.5", "want a whole number"},
		{"steps", "1e3", "want a whole number"},
		{"steps", "99999999999999999999", "want a whole number"},
		{"turns", "1", "want true or false"},
		{"turns", "yes", "want true or false"},
		{"widths", "8,16", "want a list of whole numbers"},
		{"widths", "[8,1.5]", "want a list of whole numbers"},
		{"encoder", "5", "want a word"},
		{"encoder", "null", "want a word"},
	} {
		s := Triplet().Settings
		err := s.Set(test.key, test.value)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.key) {
			t.Errorf("Set(%q, %q) error = %v, want one that names the setting and says %q", test.key, test.value, err, test.want)
		}
		if !reflect.DeepEqual(s, Triplet().Settings) {
			t.Errorf("Set(%q, %q) failed and changed the settings to %+v", test.key, test.value, s)
		}
	}
}

func TestSetLeavesCopiesAlone(t *testing.T) {
	s := Demo().Settings
	kept := s
	want := slices.Clone(s.Widths)
	if err := s.Set("widths", "[1,2]"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(kept.Widths, want) {
		t.Errorf("the widths of a copy became %v, want %v", kept.Widths, want)
	}
}

func TestStringIsWhatSetTakes(t *testing.T) {
	for _, r := range append(All(), Demo(), DemoStreet()) {
		s := Settings{Data: reflect.Zero(reflect.TypeOf(r.Settings.Data)).Interface().(Data)}
		for _, setting := range strings.Fields(r.Settings.String()) {
			key, value, _ := strings.Cut(setting, "=")
			if err := s.Set(key, value); err != nil {
				t.Errorf("recipe %s: Set(%s, %s): %v", r.Name, key, value, err)
			}
		}
		if !reflect.DeepEqual(s, r.Settings) {
			t.Errorf("recipe %s: from its String come %+v, want %+v", r.Name, s, r.Settings)
		}
	}
}

func TestRecipesPassTheirOwnCheck(t *testing.T) {
	for _, r := range append(All(), Demo(), DemoStreet(), tiny()) {
		if err := r.Settings.Check(); err != nil {
			t.Errorf("recipe %s: %v", r.Name, err)
		}
		if found, err := ByName(r.Name); !strings.HasPrefix(r.Name, "demo") && (err != nil || found.Name != r.Name) {
			t.Errorf("ByName(%s) = %s, %v", r.Name, found.Name, err)
		}
	}
	if _, err := ByName("nonsense"); err == nil || !strings.Contains(err.Error(), "oneshot-triplet") {
		t.Errorf("ByName(nonsense) error = %v, want one that lists the recipes", err)
	}
}

func TestSetChangesOneNumberOfTheLoss(t *testing.T) {
	first, second := FacesArcface().Settings, FacesArcface().Settings
	scale := first.Loss["scale"]
	if err := first.Set("loss.margin", "0.125"); err != nil {
		t.Fatal(err)
	}
	if first.Loss["margin"] != 0.125 || first.Loss["scale"] != scale || second.Loss["margin"] == 0.125 {
		t.Errorf("after Set(loss.margin) it is %v, want margin 0.125 and scale %v; the other settings have %v", first.Loss, scale, second.Loss)
	}
	for _, value := range []string{"", "wide", "{}"} {
		if err := first.Set("loss.margin", value); err == nil || !strings.Contains(err.Error(), "loss.margin") {
			t.Errorf("Set(loss.margin, %q) = %v, want an error that names it", value, err)
		}
	}
}

// characters changes settings of characters.
func characters(by func(c *Characters)) func(s *Settings) {
	return func(s *Settings) { change(s, by) }
}

func TestCheckNamesTheSettingThatMakesNoSense(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(s *Settings)
	}{
		{"encoder", func(s *Settings) { s.Encoder = "nonsense" }},
		{"size", func(s *Settings) { s.Size = -1 }},
		{"3×3 pixels", func(s *Settings) { s.Size = 3 }},
		{"4096×4096 pixels", func(s *Settings) { s.Size = 4096 }},
		{"dim", func(s *Settings) { s.Dim = -1 }},
		{"numbers", func(s *Settings) { s.Dim = 1 << 20 }},
		{"channels", func(s *Settings) { s.Widths = []int{0} }},
		{"blocks", func(s *Settings) { s.Blocks = -1 }},
		{"dropout", func(s *Settings) { s.Dropout = 1 }},
		{"dropout", func(s *Settings) { s.Dropout = math.NaN() }},
		{"init", func(s *Settings) { s.Init = "he" }}, // which only Koch's networks have
		{"init", func(s *Settings) { *s = tinyAllPairs().Settings; s.Init = "nonsense" }},
		{"objective", func(s *Settings) { s.Objective = "nonsense" }},
		{"loss.near", func(s *Settings) { *s = tinyAllPairs().Settings; s.Loss = map[string]float64{"near": -1} }},
		{"loss.margin", func(s *Settings) { *s = tinyAllPairs().Settings; s.Loss = map[string]float64{"margin": 0.2} }},
		{"miner", func(s *Settings) { s.Mining = "nonsense" }},
		{"temperature", func(s *Settings) { s.Loss = map[string]float64{"temperature": 0} }},
		{"nonsense", func(s *Settings) { s.Loss = map[string]float64{"nonsense": 1} }},
		{"memory", func(s *Settings) { s.Memory = -1 }},
		{"pairs", func(s *Settings) { s.Objective, s.Pairs = "pairs", 0 }},
		{"pool", func(s *Settings) { s.Pool = -1 }},
		{"alphabets", characters(func(c *Characters) { c.Alphabets = -1 })},
		{"characters", characters(func(c *Characters) { c.Characters = 1 })},
		{"drawings", characters(func(c *Characters) { c.Drawings = 1 })},
		{"distort", func(s *Settings) { s.Distort = "nonsense" }},
		{"invented", characters(func(c *Characters) { c.Invented = 1001 })},
		{"ink", characters(func(c *Characters) { c.Ink = 1.5 })},
		{"whiten", func(s *Settings) { s.Whiten = -1 }},
		{"real_share", characters(func(c *Characters) { c.RealShare = 1.5 })},
		{"steps", func(s *Settings) { s.Steps = 0 }},
		{"optimizer", func(s *Settings) { s.Optimizer = "nonsense" }},
		{"rate", func(s *Settings) { s.Rate = 0 }},
		{"rate", func(s *Settings) { s.Rate = math.NaN() }},
		{"proxy_rate", func(s *Settings) { s.ProxyRate = -1 }},
		{"decay", func(s *Settings) { s.Decay = -1 }},
		{"average", func(s *Settings) { s.Average = 1 }},
		{"validation", func(s *Settings) { s.Validation = 0 }},
		{"drawers", characters(func(c *Characters) { c.Drawers = -1 })},
		{"every", func(s *Settings) { s.Every = 0 }},
		{"patience", func(s *Settings) { s.Patience = -1 }},
		{"trials", func(s *Settings) { s.Trials = 0 }},
	} {
		s := tiny().Settings
		test.change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), test.name) {
			t.Errorf("Check of %s: error %v, want one that names it", test.name, err)
		}
		for p, err := range (Recipe{Name: "tiny", Settings: s}).Train(t.Context(), Job{}) { // before it needs a backend or data
			if err == nil {
				t.Errorf("Train with a bad %s yields %+v, want an error", test.name, p)
			}
		}
	}
}
