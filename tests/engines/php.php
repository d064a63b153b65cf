<?php
// One JSON object a line in: {"pattern", "dialect", "mode", "inputs"}; one a line out:
// {"compiles": false} or {"compiles": true, "accepts": [bool...]}.
ini_set('pcre.jit', '0');
error_reporting(0);
$flags = ['pcre2' => '', 'pcre2-ucp' => 'u', 'pcre2-dollar-endonly' => 'D'];
while (($line = fgets(STDIN)) !== false) {
    $job = json_decode($line, true);
    $f = $flags[$job['dialect']];
    $p = $job['pattern'];
    $out = ['compiles' => false];
    // A control character as delimiter, so that nothing in the pattern needs escaping.
    if (strpos($p, "\x01") === false && preg_match("\x01$p\x01$f", '') !== false) {
        $r = ['search' => $p, 'prefix' => "\\A(?:$p)", 'full' => "\\A(?:$p)\\z", 'full-grouped' => "^(?:$p)$"][$job['mode']];
        $out = ['compiles' => true, 'accepts' => array_map(fn($s) => preg_match("\x01$r\x01$f", $s) === 1, $job['inputs'])];
    }
    echo json_encode($out), "\n";
}
