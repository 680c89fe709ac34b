package cluster

import (
	"strconv"
	"strings"
)

// shellOf finds the login shell of a user in the text of a passwd file, see
// passwd(5); "" when it names none.
func shellOf(uid int, passwd string) string {
	for line := range strings.Lines(passwd) {
		fields := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		if len(fields) == 7 && fields[2] == strconv.Itoa(uid) {
			return fields[6]
		}
	}
	return ""
}
