package recipe

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/siam-go/siam/train"
)

// layersOf are what the optimizer does with each layer.
func layersOf(s Settings) (other train.Layer, named map[string]train.Layer) {
	var config train.Config
	s.layers(&config)
	return config.Layer, config.Layers
}

func TestKochsLayersHaveTheirOwnRates(t *testing.T) {
	other, named := layersOf(KochPaper().Settings)
	if want := (train.Layer{Rate: 0.02, Momentum: 0.9, L2: 2e-4}); other != want {
		t.Errorf("layers without a name: %+v, want %+v", other, want)
	}
	want := map[string]train.Layer{
		"encoder/dense": {Rate: 0.01, Momentum: 0.9, L2: 1e-8},
		"head":          {Rate: 0.01, Momentum: 0.9, L2: 1e-6},
	}
	if !reflect.DeepEqual(named, want) {
		t.Errorf("layers by name: %+v, want %+v", named, want)
	}
}

func TestSetChangesOneLayer(t *testing.T) {
	s := KochPaper().Settings
	for _, setting := range []string{"rates.conv1=0.5", "momentum.head=0.25", "l2.conv1=0.125"} {
		key, value, _ := strings.Cut(setting, "=")
		if err := s.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	other, named := layersOf(s)
	if want := (train.Layer{Rate: 0.02, Momentum: 0.9, L2: 2e-4}); other != want {
		t.Errorf("layers without a name: %+v, want %+v as before", other, want)
	}
	want := map[string]train.Layer{
		"encoder/conv1": {Rate: 0.5, Momentum: 0.9, L2: 0.125},
		"encoder/dense": {Rate: 0.01, Momentum: 0.9, L2: 1e-8},
		"head":          {Rate: 0.01, Momentum: 0.25, L2: 1e-6},
	}
	if !reflect.DeepEqual(named, want) {
		t.Errorf("layers by name: %+v, want %+v", named, want)
	}
	if err := s.Set("l2", "0.75"); err != nil || !reflect.DeepEqual(s.L2, ByLayer{Other: 0.75}) {
		t.Errorf("after Set(l2, 0.75) it is %v, %v, want 0.75 for all layers", s.L2, err)
	}
}

func TestByLayerReadsWhatItWrites(t *testing.T) {
	for text, want := range map[string]ByLayer{
		`0.5`:                      {Other: 0.5},
		`{"conv1":2,"other":1}`:    {Other: 1, "conv1": 2},
		`{"dense":0.25,"head":-1}`: {"dense": 0.25, "head": -1},
	} {
		var got ByLayer
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %v, %v, want %v", text, got, err, want)
		}
		if encoded, err := json.Marshal(got); err != nil || string(encoded) != text {
			t.Errorf("%v is written as %s, %v, want %s", got, encoded, err, text)
		}
	}
	for _, text := range []string{`"fast"`, `[1]`, `{"conv1":"fast"}`} {
		var got ByLayer
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s is read as %v, want an error", text, got)
		}
	}
}

func TestNumbersOfLayersAreChecked(t *testing.T) {
	for _, setting := range []string{"rates.conv1=-1", "momentum=1", "momentum.head=-0.5", "l2.dense=-1", "l2=-1"} {
		s := KochPaper().Settings
		key, value, _ := strings.Cut(setting, "=")
		if err := s.Set(key, value); err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(key, ".")
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), "setting "+name+"=") || strings.Contains(err.Error(), "map[") {
			t.Errorf("Check with %s = %v, want an error that names %s and its numbers as JSON", setting, err, name)
		}
	}
}
