// The kernel's floor: relays datagrams from one loopback port to another, one recvfrom and one sendto each, and prints
// its own CPU time per datagram in microseconds.   cc -O2 -o floor floor.c && ./floor IN_PORT OUT_PORT DATAGRAMS
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

static double cpu_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 64;
    int datagrams = atoi(argv[3]), socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    struct sockaddr_in out = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
    in.sin_addr.s_addr = out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(socket_fd, (struct sockaddr *)&in, sizeof in) != 0) {
        perror("floor: bind");
        return 1;
    }
    double start = cpu_seconds();
    for (int i = 0; i < datagrams; i++) {
        static char datagram[65536];
        ssize_t length = recvfrom(socket_fd, datagram, sizeof datagram, 0, NULL, NULL);
        sendto(socket_fd, datagram, length, 0, (struct sockaddr *)&out, sizeof out);
    }
    printf("%.3f\n", (cpu_seconds() - start) * 1e6 / datagrams);
    return 0;
}
