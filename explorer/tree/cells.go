package tree

import (
	"strings"
	"time"
)

// table is what a kind's column definitions tell about its cells.
type table struct {
	columns []Column
	// age is the index of the column that counts from the object's creation, -1 without one.
	age int
	// counting are the columns whose cells tell a duration until now.
	counting []bool
	judge    judge
}

// definition is a column as the API server defines it (meta/v1 TableColumnDefinition).
type definition struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Format      string `json:"format"`
	Description string `json:"description"`
	Priority    int32  `json:"priority"`
}

// countingColumns are the built-in columns, beside Age, that count until now. Custom
// resources declare theirs with type "date".
var countingColumns = map[string]bool{"Last Seen": true, "First Seen": true, "Last Schedule": true, "Restarts": true}

// newTable reads column definitions; kind is a Kind's id.
func newTable(kind string, definitions []definition) *table {
	t := &table{age: -1}
	for i, d := range definitions {
		c := Column{Name: d.Name, Type: "string", Wide: d.Priority > 0, Description: d.Description}
		counts := countingColumns[d.Name] || d.Type == "date"
		switch {
		case d.Name == "Age":
			t.age, counts, c.Type = i, true, "time"
		case d.Type == "date" || counts && d.Name != "Restarts":
			c.Type = "time"
		case d.Type == "integer" || d.Type == "number":
			c.Type = "number"
		}
		t.columns = append(t.columns, c)
		t.counting = append(t.counting, counts)
	}
	t.judge = newJudge(kind, t.columns)
	return t
}

// countdown finds the duration that a cell tells, such as "5m" in "5m" or in
// "3 (5m ago)", and gives the cell with timeMark in its place.
func countdown(cell string) (marked string, d time.Duration, rounding time.Duration, ok bool) {
	if open := strings.Index(cell, " ("); open >= 0 && strings.HasSuffix(cell, " ago)") {
		d, rounding, ok = parseHuman(cell[open+2 : len(cell)-len(" ago)")])
		return cell[:open+2] + timeMark + " ago)", d, rounding, ok
	}
	d, rounding, ok = parseHuman(cell)
	return timeMark, d, rounding, ok
}

// parseHuman reads what k8s.io/apimachinery/pkg/util/duration.HumanDuration writes:
// one or two numbers with units from y to s, in falling order. The rounding is what
// the smallest unit told leaves out.
func parseHuman(s string) (d, rounding time.Duration, ok bool) {
	units := []struct {
		letter byte
		length time.Duration
	}{{'y', 365 * 24 * time.Hour}, {'d', 24 * time.Hour}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}
	for len(s) > 0 {
		n, i := time.Duration(0), 0
		for ; i < len(s) && i < 9 && s[i] >= '0' && s[i] <= '9'; i++ {
			n = n*10 + time.Duration(s[i]-'0')
		}
		if i == 0 || i == len(s) {
			return 0, 0, false
		}
		for len(units) > 0 && units[0].letter != s[i] {
			units = units[1:]
		}
		if len(units) == 0 {
			return 0, 0, false
		}
		d, rounding = d+n*units[0].length, units[0].length
		units, s = units[1:], s[i+1:]
	}
	return d, rounding, rounding > 0
}
