package recipe

import (
	"encoding/json"
	"math"

	"github.com/siam-go/siam/train"
)

// ByLayer is a number for every layer of a network, named such as "conv1", "dense" or "head"; [Other] stands for those that are
// not named. A number alone is for all layers.
type ByLayer map[string]float64

// Other are the layers that a [ByLayer] does not name.
const Other = "other"

// UnmarshalJSON reads a number for all layers, or numbers by layer.
func (b *ByLayer) UnmarshalJSON(encoded []byte) error {
	var all *float64
	if json.Unmarshal(encoded, &all) == nil && all != nil {
		*b = ByLayer{Other: *all}
		return nil
	}
	return json.Unmarshal(encoded, (*map[string]float64)(b))
}

// MarshalJSON writes a number alone where it is for all layers.
func (b ByLayer) MarshalJSON() ([]byte, error) {
	if all, only := b[Other]; only && len(b) == 1 {
		return json.Marshal(all)
	}
	return json.Marshal(map[string]float64(b))
}

// String is the JSON.
func (b ByLayer) String() string {
	encoded, _ := b.MarshalJSON() // numbers by name always encode, but those that are not finite
	return string(encoded)
}

// of is the number of a layer.
func (b ByLayer) of(layer string, other float64) float64 {
	if v, named := b[layer]; named {
		return v
	}
	return other
}

// within says whether all numbers are from low to less than high.
func (b ByLayer) within(low, high float64) bool {
	for _, v := range b {
		if !(v >= low && v < high) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// layers sets what the optimizer does with each layer of a network.
func (s ScheduleSettings) layers(config *train.Config) {
	config.Layer = train.Layer{Rate: s.Rate, Momentum: s.Momentum[Other], L2: s.L2[Other]}
	config.Layers = map[string]train.Layer{}
	for _, numbers := range []ByLayer{s.Rates, s.Momentum, s.L2} {
		for name := range numbers {
			if name != Other {
				config.Layers[scopeOf(name)] = train.Layer{
					Rate: s.Rates.of(name, s.Rate), Momentum: s.Momentum.of(name, s.Momentum[Other]), L2: s.L2.of(name, s.L2[Other]),
				}
			}
		}
	}
}

// scopeOf is what package train calls a layer.
func scopeOf(layer string) string {
	if layer == "head" || layer == train.ObjectiveLayer {
		return layer
	}
	return "encoder/" + layer
}
