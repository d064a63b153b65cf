# One JSON object a line in: {"pattern", "dialect", "mode", "inputs"}; one a line out:
# {"compiles": false} or {"compiles": true, "accepts": [bool...]}.
use strict; use warnings; no warnings; use utf8; use JSON::PP;
binmode(STDOUT, ":raw"); $| = 1;
my $json = JSON::PP->new->utf8;
while (my $line = <STDIN>) {
    my $job = $json->decode($line);
    my ($p, $mode) = ($job->{pattern}, $job->{mode});
    utf8::upgrade($p);
    my $out = { compiles => JSON::PP::false };
    my $alone = eval { qr/$p/ };
    if (defined $alone) {
        my $r = eval {
            $mode eq 'search' ? $alone
            : $mode eq 'prefix' ? qr/\A(?:$p)/
            : $mode eq 'full' ? qr/\A(?:$p)\z/
            : qr/^(?:$p)$/ };
        if (defined $r) {
            my @accepts;
            for my $s (@{ $job->{inputs} }) { utf8::upgrade($s); push @accepts, ($s =~ $r) ? JSON::PP::true : JSON::PP::false; }
            $out = { compiles => JSON::PP::true, accepts => \@accepts };
        }
    }
    print $json->encode($out), "\n";
}
