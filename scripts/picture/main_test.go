package main

import (
	"strings"
	"testing"
)

func TestPictureShowsColoursAndEscapesText(t *testing.T) {
	var out strings.Builder
	if err := draw(strings.NewReader("\x1b[31m●\x1b[0m a<b\r\n└─ c\n"), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`width="74" height="70"`, // 5 characters and 2 lines
		`x="16.0" y="30" xml:space="preserve" textLength="8.4" fill="#ff6b68">●</text>`,
		`x="24.4" y="30" xml:space="preserve" textLength="33.6" fill="#c9cedb"> a&lt;b</text>`,
		`y="49" xml:space="preserve" textLength="33.6" fill="#c9cedb">└─ c</text>`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in\n%s", want, &out)
		}
	}
}
